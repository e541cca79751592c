package exchange_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	panics    any
}

func (j *job) Owns(path string) bool { return path == j.own }

func (j *job) Serve(x *exchange.Exchange) {
	if j.panics != nil {
		panic(j.panics)
	}
	x.Write(http.StatusOK, "text/plain", []byte(j.name+" "+x.Path))
}

func (j *job) Refuse(x *exchange.Exchange, p *problem.Problem) {
	x.Err = p
	x.Write(p.Status, "text/plain", []byte(j.name+" refuses "+p.Code))
}

func serve(t *testing.T, r *http.Request, jobs ...exchange.Job) (*httptest.ResponseRecorder, string) {
	t.Helper()
	origin, _ := url.Parse("https://app.example.com")
	var log bytes.Buffer
	s := &exchange.Server{
		Rules: proxy.New(proxy.Options{Upstream: &url.URL{}, Origins: []*url.URL{origin}}),
		Now:   time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)), Jobs: jobs,
	}
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

func TestAnAbortedAnswerStaysAborted(t *testing.T) {
	defer func() {
		if e := recover(); e != http.ErrAbortHandler {
			t.Errorf("recovered %v", e)
		}
	}()
	serve(t, httptest.NewRequest("GET", "/", nil), &job{panics: http.ErrAbortHandler})
}
