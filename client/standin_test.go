package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/client"
	"gatehouse/core/pkce"
)

const (
	handle = "handle-0123456789abcdef-secret"
	// pollToken and pastedCode are what the stand-in draws.
	pollToken  = "poll-token-secret"
	pastedCode = "abcd-efgh-ijkl-secret"
)

// standIn answers as a broker does, with one login at a time and a clock that the tests
// move: a wait takes no time and moves the clock.
type standIn struct {
	*httptest.Server
	t *testing.T

	mu        sync.Mutex
	now       time.Time
	waits     []time.Duration
	started   map[string]string // the last start's parameters
	code      string
	collected bool
	pending   []string // codes that the next polls are answered with
	asked     []string // method and path of every request
	// instead, if not nil, may answer a request before the broker does.
	instead func(w http.ResponseWriter, r *http.Request) bool
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auth/start", s.start)
	mux.HandleFunc("POST /auth/getSession", s.getSession)
	mux.HandleFunc("GET /auth/session", s.session)
	mux.HandleFunc("POST /auth/logout", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/auth/call/{provider}/{path...}", s.call)
	mux.HandleFunc("GET /auth/providers", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]any{"providers": []map[string]any{{"name": "acme", "title": "Acme", "flows": []string{"loopback"}, "scopes": []string{"read"}}}})
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		instead := s.instead
		s.mu.Unlock()
		if instead == nil || !instead(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// client has this stand-in's clock.
func (s *standIn) client(o client.Options) *client.Client {
	s.t.Helper()
	o.Now = func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.waits, s.now = append(s.waits, d), s.now.Add(d)
			return ctx.Err()
		}
	}
	c, err := client.New(s.URL, &o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *standIn) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": true, "message": message, "status": status, "code": code})
}

func (s *standIn) start(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started, s.collected = map[string]string{}, false
	if json.NewDecoder(r.Body).Decode(&s.started) != nil || s.started["code_challenge_method"] != "S256" {
		refuse(w, 400, "invalid_request", "not a start")
		return
	}
	if s.started["provider"] != "acme" {
		refuse(w, 400, "unknown_provider", "This provider is not known.")
		return
	}
	answer := map[string]any{"auth_url": s.URL + "/auth/begin?t=sealed", "expires_in": 600}
	s.code = pastedCode
	if flow := s.started["flow"]; flow == "poll" || flow == "desktop" {
		answer["interval"], answer["poll_token"], answer["user_code"] = 5, pollToken, "BCDF-GHJK"
		answer["verification_uri"], answer["verification_uri_complete"] = s.URL+"/auth/device", s.URL+"/auth/device?user_code=BCDF-GHJK"
	}
	reply(w, 200, answer)
}

func (s *standIn) getSession(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var got map[string]string
	_ = json.NewDecoder(r.Body).Decode(&got)
	if token := got["poll_token"]; token != "" && len(s.pending) > 0 {
		code := s.pending[0]
		s.pending = s.pending[1:]
		status := http.StatusBadRequest
		if code == "access_denied" {
			status = http.StatusForbidden
		}
		refuse(w, status, code, "not yet")
		return
	}
	verifier, err := pkce.ParseVerifier(got["code_verifier"])
	switch {
	case s.collected:
		refuse(w, 410, "already_collected", "This login was collected before.")
	case got["code"] != s.code && got["poll_token"] != pollToken, err != nil, !pkce.Verify(s.started["code_challenge"], verifier):
		s.collected = true
		refuse(w, 400, "invalid_grant", "The code is not valid.")
	default:
		s.collected = true
		reply(w, 200, map[string]any{"provider": "acme", "name": "Alice", "username": "alice", "key": handle, "handle": handle, "scope": "read write", "expires_in": 3600})
	}
}

func (s *standIn) session(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+handle {
		refuse(w, 401, "invalid_token", "Invalid or expired token")
		return
	}
	reply(w, 200, map[string]any{"provider": "acme", "name": "Alice", "username": "alice", "scope": "read write", "created": "2026-11-22T12:00:00Z"})
}

func (s *standIn) call(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+handle {
		refuse(w, 401, "invalid_token", "Invalid or expired token")
		return
	}
	_ = r.ParseForm()
	fmt.Fprintf(w, "%s %s %s", r.Method, strings.TrimPrefix(r.URL.EscapedPath(), "/auth/call/"), r.Form.Encode())
}

// callback brings the browser back to the program.
func (s *standIn) callback(change func(parameters map[string]string)) (status int, body string) {
	s.mu.Lock()
	parameters := map[string]string{"code": s.code, "state": s.started["state"], "iss": s.URL}
	target := s.started["redirect_uri"]
	s.mu.Unlock()
	if change != nil {
		change(parameters)
	}
	return open(s.t, target, parameters)
}
