// Package redisrest serves the REST protocol of hosted Redis services, for tests: in
// front of any [kv.Driver], faults included, or of a real Redis server. It is the
// counterpart of core/kv/rest.
//
// A command is a JSON array of strings, posted with a bearer token. The answer is
// {"result": ...} or, with status 400, {"error": "..."}. What is posted to a path that
// ends in /multi-exec is a list of commands, a transaction, and its answer a list of
// answers.
package redisrest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Commands carries out Redis commands.
type Commands interface {
	// Do returns nil, a string, an int64 or a []any of these. An error's text is what
	// a Redis server would say: it begins with a code in capital letters.
	Do(ctx context.Context, args []string) (any, error)
}

// Transactions is implemented by [Commands] that are more than one at a time.
type Transactions interface {
	// Exec carries out commands with nothing in between. An element of results is what Do
	// returns for that command, its error included; err means that none took place.
	Exec(ctx context.Context, commands [][]string) (results []any, err error)
}

// maxCommand bounds a command's body, as hosted services do.
const maxCommand = 1 << 20

// Front is the service. It is an [http.Handler] and, for targets in process, an
// [http.RoundTripper]. It is safe for concurrent use.
type Front struct {
	// Token is the one that is accepted.
	Token    string
	Commands Commands

	counting sync.Mutex // held during transactions of a [Driver], which cannot count
}

// ServeHTTP implements [http.Handler].
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token != f.Token {
		answer(w, http.StatusUnauthorized, "error", "Unauthorized")
		return
	}
	if r.Method != http.MethodPost {
		answer(w, http.StatusMethodNotAllowed, "error", "ERR method not allowed")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCommand))
	if err == nil && strings.HasSuffix(r.URL.Path, "/multi-exec") {
		f.exec(w, r, body)
		return
	}
	var args []string
	if err != nil || json.Unmarshal(body, &args) != nil || len(args) == 0 {
		answer(w, http.StatusBadRequest, "error", "ERR failed to parse command")
		return
	}
	result, err := f.Commands.Do(r.Context(), args)
	if err != nil {
		// Hosted services repeat the command, so a client must not pass this on.
		answer(w, http.StatusBadRequest, "error", err.Error()+", command was: "+string(body))
		return
	}
	answer(w, http.StatusOK, "result", result)
}

// exec answers a transaction.
func (f *Front) exec(w http.ResponseWriter, r *http.Request, body []byte) {
	var commands [][]string
	t, ok := f.Commands.(Transactions)
	if !ok || json.Unmarshal(body, &commands) != nil || len(commands) == 0 || slices.ContainsFunc(commands, func(c []string) bool { return len(c) == 0 }) {
		answer(w, http.StatusBadRequest, "error", "ERR failed to parse commands")
		return
	}
	if _, ok := f.Commands.(Driver); ok {
		f.counting.Lock()
		defer f.counting.Unlock()
	}
	results, err := t.Exec(r.Context(), commands)
	if err != nil {
		answer(w, http.StatusBadRequest, "error", err.Error()+", commands were: "+string(body))
		return
	}
	answers := []any{}
	for i, result := range results {
		if err, failed := result.(error); failed {
			answers = append(answers, map[string]any{"error": fmt.Sprintf("%v, command was: %q", err, commands[i])})
			continue
		}
		answers = append(answers, map[string]any{"result": result})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answers)
}

func answer(w http.ResponseWriter, status int, member string, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{member: value})
}

// RoundTrip implements [http.RoundTripper] without a network in between.
func (f *Front) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	f.ServeHTTP(recorder, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

// Serve makes f reachable on a loopback address until t ends and returns its origin.
func (f *Front) Serve(t testing.TB) (origin string) {
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server.URL
}
