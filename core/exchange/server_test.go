package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
)

// job answers its name.
type job struct {
	name, own string
	begins    int   // status of an answer that a panic follows
	fails     error // recorded before the panic
	noSession string
	panics    any
}

func (j *job) Owns(path string) bool { return path == j.own }

func (j *job) Serve(x *exchange.Exchange) {
	if j.panics != nil {
		if j.begins != 0 {
			x.Begin(j.begins)
		}
		x.Err, x.NoSession = j.fails, j.noSession
		panic(j.panics)
	}
	x.Write(http.StatusOK, "text/plain", []byte(j.name+" "+x.Path))
}

func (j *job) Refuse(x *exchange.Exchange, p *problem.Problem) {
	x.Err = p
	x.Write(p.Status, "text/plain", []byte(j.name+" refuses "+p.Code))
}

// newServer returns a server and what it logs.
func newServer(jobs ...exchange.Job) (*exchange.Server, *bytes.Buffer) {
	origin, _ := url.Parse("https://app.example.com")
	log := new(bytes.Buffer)
	return &exchange.Server{
		Rules: proxy.New(proxy.Options{Upstream: &url.URL{}, Origins: []*url.URL{origin}}),
		Now:   time.Now, Log: slog.New(slog.NewTextHandler(log, nil)), Jobs: jobs,
	}, log
}

func serve(t *testing.T, r *http.Request, jobs ...exchange.Job) (*httptest.ResponseRecorder, string) {
	t.Helper()
	s, log := newServer(jobs...)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w, log.String()
}

func TestTheFirstJobThatOwnsThePathAnswers(t *testing.T) {
	first, last := &job{name: "first", own: "/a"}, &job{name: "last"}
	large := httptest.NewRequest("GET", "/a", nil)
	large.Header.Set("Cookie", strings.Repeat("x", 9<<10))
	panicking := &job{name: "panicking", own: "/p", panics: "boom"}
	for _, c := range []struct {
		r    *http.Request
		want string
	}{
		{httptest.NewRequest("GET", "/a?secret=1", nil), "first /a"},
		{httptest.NewRequest("GET", "/x/../%61", nil), "first /a"},
		{httptest.NewRequest("GET", "/b", nil), "last /b"},
		{httptest.NewRequest("GET", "/a%00", nil), "last refuses invalid_path"},
		{large, "last refuses header_too_large"},
		{httptest.NewRequest("GET", "/p", nil), "panicking refuses internal_error"},
	} {
		w, log := serve(t, c.r, first, panicking, last)
		if got := w.Body.String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.r.URL, got, c.want)
		}
		if strings.Count(log, "msg=request") != 1 || strings.Contains(log, "secret") || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: log %s, header %v", c.r.URL, log, w.Header())
		}
	}
}

func TestAnAbortedAnswerStaysAbortedAndIsLogged(t *testing.T) {
	left, leave := context.WithCancel(t.Context())
	leave()
	for _, c := range []struct {
		name string
		ctx  context.Context
		job  *job
		want string
	}{
		{"broken off", t.Context(), &job{begins: 206, panics: http.ErrAbortHandler}, "status=206 .* error=answer_cut\n"},
		{"with a cause", t.Context(), &job{begins: 200, fails: errors.New("boom"), panics: http.ErrAbortHandler}, `status=200 .* error="answer_cut: boom"`},
		{"client left", left, &job{begins: 200, panics: http.ErrAbortHandler}, `status=200 .* error="answer_cut: client left"`},
		{"panic on the way", t.Context(), &job{begins: 200, panics: "boom"}, "msg=panic .*\n.* status=200 .* error=answer_cut\n"},
		{"without a session", t.Context(), &job{begins: 200, noSession: "idle", panics: http.ErrAbortHandler}, "status=200 .* no_session=idle error=answer_cut\n"},
		{"not begun", t.Context(), &job{panics: http.ErrAbortHandler}, "status=0 .* error=answer_cut\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, log := newServer(c.job)
			defer func() {
				if e := recover(); e != http.ErrAbortHandler {
					t.Errorf("recovered %v", e)
				}
				if strings.Count(log.String(), "msg=request") != 1 || !regexp.MustCompile(c.want).MatchString(log.String()) {
					t.Errorf("logged %s, want %s", log, c.want)
				}
			}()
			server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(c.ctx, "GET", "/", nil))
		})
	}
}
