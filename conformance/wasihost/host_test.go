package wasihost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/kv"
)

var guest = sync.OnceValues(func() (*Program, error) {
	return Load(context.Background(), "gatehouse/conformance/wasihost/testdata/guest")
})

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := guest(); err == nil {
		p.Close(context.Background())
	}
	os.Exit(code)
}

// world is the environment of the tests, and what came of it.
type world struct {
	*Environment
	*Host
	server *httptest.Server

	mu         sync.Mutex
	violations []string
	log        []string
	asked      chan struct{} // a request to /hang came
	cancelled  chan struct{} // a request to /hang was given up
}

var today = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	program, err := guest()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{asked: make(chan struct{}, 9), cancelled: make(chan struct{}, 9)}
	w.Environment = &Environment{
		Variables: map[string]string{"known": "value"},
		Environ:   map[string]string{"KNOWN": "environ"},
		Store:     &kv.Memory{Now: func() time.Time { return today }},
		Now:       func() time.Time { return today },
		Network:   network(w.roundTrip),
		Log: func(line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.log = append(w.log, line)
		},
		Violation: func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.violations = append(w.violations, err.Error())
		},
	}
	w.Host = NewHost(program, w.Environment)
	w.server = httptest.NewServer(w.Host)
	t.Cleanup(func() {
		w.Host.Close()
		w.server.Close()
	})
	return w
}

type network func(*http.Request) (*http.Response, error)

func (n network) RoundTrip(r *http.Request) (*http.Response, error) { return n(r) }

func (w *world) roundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Path {
	case "/hang":
		w.asked <- struct{}{}
		<-r.Context().Done()
		w.cancelled <- struct{}{}
		return nil, r.Context().Err()
	case "/a":
		if r.URL.String() == "https://origin.example/a?b" {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("from the origin"))}, nil
		}
	}
	return nil, errors.New("no such place")
}

// get returns status and body of an answer; what went wrong is the body.
func (w *world) get(t *testing.T, path string) (int, string) {
	t.Helper()
	res, err := http.Get(w.server.URL + path)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return res.StatusCode, string(body) + " " + err.Error()
	}
	return res.StatusCode, string(body)
}

// reports returns the violations once all instances have ended.
func (w *world) reports() []string {
	w.Settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.violations
}

// TestRight: a module that keeps the rules is not complained about.
func TestRight(t *testing.T) {
	for path, want := range map[string]string{
		"/hello":     "200 hello",
		"/fetch":     "200 from the origin",
		"/deadline":  "504 1 ready: 1",
		"/clock":     "200 true 2031-05-06",
		"/store":     "200 true v 1 1",
		"/variables": "200 0 value 1 1 1 0 environ",
		"/fields":    "200 0 2 true",
		"/refused":   "200 1 1;1 1;1 0;1 0;1 0;0 0;",
	} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			status, body := w.get(t, path)
			if got := fmt.Sprint(status, " ", body); !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			for _, v := range w.reports() {
				t.Error(v)
			}
		})
	}
}

// TestWrong: every rule has a module that breaks it, and is found.
func TestWrong(t *testing.T) {
	for path, want := range map[string]string{
		"/leak":           "leaked resources: 2 fields, 1 incoming-request",
		"/no-answer":      "returned without an answer",
		"/panic":          "panic: on purpose",
		"/double-drop":    "trap: fields 3 is used after it was dropped or given away",
		"/use-after":      "trap: fields 3 is used after it was dropped or given away",
		"/given-away":     "trap: fields 3 is used after it was dropped or given away",
		"/no-handle":      "trap: 0 is no handle; want fields",
		"/wrong-kind":     "trap: handle 3 is a fields; want pollable",
		"/child":          "trap: incoming-request 1 is dropped or given away before its fields",
		"/open-stream":    "trap: outgoing-body 5 is dropped or given away before its output-stream",
		"/unaligned":      "is not aligned to 4 bytes",
		"/unaligned8":     "is not aligned to 8 bytes",
		"/unaligned-list": "a list at",
		"/outside":        "are outside of the memory",
		"/outside-text":   "are outside of the memory",
		"/not-utf8":       `trap: the string "a\xff" is not UTF-8`,
		"/answer-twice":   "trap: response-outparam 2 is used after it was dropped or given away",
		"/interim":        "trap: an answer with the interim status 103",
		"/bad-case":       "trap: case 2 of a variant with 2",
		"/no-permit":      "trap: write of 1 bytes where check-write allowed 0",
		"/over-permit":    "trap: write of 16385 bytes where check-write allowed 16384",
		"/big-write":      "trap: blocking-write-and-flush of 4097 bytes",
		"/poll-none":      "trap: poll of nothing",
		"/misaligned":     "trap: the memory of cabi_realloc",
		"/call-inside":    "trap: wasi:clocks/monotonic-clock now is called during cabi_realloc",
		"/scribble":       "overwritten memory",
	} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, _ = w.get(t, path)
			got := w.reports()
			if len(got) != 1 || !strings.Contains(got[0], want) || !strings.HasPrefix(got[0], "GET "+path) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
