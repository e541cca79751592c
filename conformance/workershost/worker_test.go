package workershost

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)

// isolate runs a Worker of one module.
func isolate(t *testing.T, module string, env Env) *Isolate {
	t.Helper()
	dir := t.TempDir()
	entry := filepath.Join(dir, "worker.mjs")
	if err := os.WriteFile(entry, []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Open(t.Context(), entry, "")
	if err != nil {
		t.Fatal(err)
	}
	if env.Now == nil {
		env.Now = func() time.Time { return epoch }
	}
	if env.Log == nil {
		env.Log = func(level, line string) { t.Log(level, line) }
	}
	s, err := w.NewIsolate(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		_ = w.Close(context.Background())
	})
	return s
}

// incoming is a request as a server gets it; fields are names and values in turn.
func incoming(method, target, body string, fields ...string) *http.Request {
	r := &http.Request{
		Method: method, RequestURI: target, Host: "app.example", URL: &url.URL{Scheme: "https", Host: "app.example"},
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		RemoteAddr: "203.0.113.7:1234",
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header[fields[i]] = append(r.Header[fields[i]], fields[i+1])
	}
	return r
}

// get returns status and body of the answer to a GET.
func get(t *testing.T, s *Isolate, target string) (int, string) {
	t.Helper()
	return do(t, s, incoming("GET", target, ""))
}

func do(t *testing.T, s *Isolate, r *http.Request) (int, string) {
	t.Helper()
	res, err := s.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("the body ended early: %v", err)
	}
	return res.StatusCode, string(body)
}

// evaluate returns what expression is, as text, or "Name: message" of what it throws.
func evaluate(t *testing.T, expression string) string {
	t.Helper()
	s := isolate(t, `export default { async fetch(request) {
		try { return new Response(String(await (async () => (`+expression+`))())); }
		catch (e) { return new Response(e.name + ": " + e.message); }
	} };`, Env{})
	_, body := get(t, s, "/")
	return body
}
