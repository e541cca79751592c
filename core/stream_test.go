package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core"
	"gatehouse/core/kv"
	"gatehouse/core/session"
)

// timers are a platform's: they go by a clock that a test moves.
type timers struct {
	mu   sync.Mutex
	now  time.Time
	last int
	due  map[int]func()
	at   map[int]time.Time
	set  chan time.Duration // what each was set for
}

func newTimers() *timers {
	return &timers{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), due: map[int]func(){}, at: map[int]time.Time{}, set: make(chan time.Duration, 1000)}
}

func (c *timers) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *timers) After(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	id := c.last
	c.due[id], c.at[id] = f, c.now.Add(d)
	c.set <- d
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.due, id)
	}
}

// pass moves the clock and does what is due, which it returns after.
func (c *timers) pass(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []func()
	for id, f := range c.due {
		if !c.now.Before(c.at[id]) {
			due = append(due, f)
			delete(c.due, id)
		}
	}
	c.mu.Unlock()
	for _, f := range due {
		f()
	}
}

func (c *timers) pending() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.due) }

// endless is an application whose answer has a header and then no end.
type endless struct {
	status int
	header http.Header
	// before says that the answer does not even begin.
	before   bool
	begun    chan struct{}
	complete chan struct{}
}

func (a *endless) Forward(w http.ResponseWriter, out *http.Request, edit func(int, http.Header)) error {
	if !a.before {
		header := http.Header{}
		maps.Copy(header, a.header)
		edit(a.status, header)
	}
	close(a.begun)
	select {
	case <-a.complete:
		return nil
	case <-out.Context().Done():
		if a.before {
			return out.Context().Err()
		}
		panic(http.ErrAbortHandler)
	}
}

// flaky is a store that fails on demand, and counts reads.
type flaky struct {
	kv.Memory
	mu    sync.Mutex
	err   error
	reads int
}

func (f *flaky) Get(ctx context.Context, key string) ([]byte, error) {
	f.mu.Lock()
	err := f.err
	f.reads++
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.Memory.Get(ctx, key)
}

func (f *flaky) fail(err error) { f.mu.Lock(); defer f.mu.Unlock(); f.err = err }

func (f *flaky) count() int { f.mu.Lock(); defer f.mu.Unlock(); return f.reads }

// streaming is one request of a session whose answer is under way.
type streaming struct {
	*timers
	t        *testing.T
	g        *core.Gateway
	store    *flaky
	app      *endless
	ref      string
	recorder *httptest.ResponseRecorder
	ended    chan any // what Forward's caller panicked with, or nil
	log      bytes.Buffer
}

func stream(t *testing.T, path string, app *endless, r *http.Request) *streaming {
	t.Helper()
	s := &streaming{timers: newTimers(), t: t, store: &flaky{}, app: app, ended: make(chan any, 1), recorder: httptest.NewRecorder()}
	s.store.Now = s.Now
	app.begun, app.complete = make(chan struct{}), make(chan struct{})
	c, err := core.LoadConfig(func(name string) (string, bool) {
		if name == "PUBLIC_PATHS" {
			return "/public", true
		}
		return lookup(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.g, err = core.New(c, core.Platform{KV: s.store, Fetch: &issuer{}, Forward: app, Now: s.Now, After: s.After,
		Log: slog.New(slog.NewTextHandler(&s.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	begun, cookies, err := s.g.Sessions().Begin(t.Context(), session.Record{Identity: &core.Identity{Subject: "alice"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	s.ref = begun.Ref
	if r == nil {
		r = httptest.NewRequest("GET", "https://app.example.com"+path, nil)
	}
	for _, c := range cookies {
		pair, _, _ := strings.Cut(c, ";")
		r.Header.Add("Cookie", pair)
	}
	go func() {
		defer func() { s.ended <- recover() }()
		s.g.ServeHTTP(s.recorder, r)
	}()
	<-app.begun
	return s
}

// lives fails the test unless the answer is still under way.
func (s *streaming) lives(when string) {
	s.t.Helper()
	select {
	case e := <-s.ended:
		s.t.Fatalf("%s: ended (%v)\n%s", when, e, s.log.String())
	default:
	}
}

// dies waits for the answer to be broken off, and for nothing to be left of it.
func (s *streaming) dies(reason string) {
	s.t.Helper()
	select {
	case e := <-s.ended:
		if e != http.ErrAbortHandler || !strings.Contains(s.log.String(), "stream ends with its session") || !strings.Contains(s.log.String(), reason) ||
			!strings.Contains(s.log.String(), `error="answer_cut: gateway: session or token is over"`) {
			s.t.Errorf("ended with %v\n%s", e, s.log.String())
		}
	case <-time.After(30 * time.Second):
		s.t.Fatal("it goes on")
	}
	if n := s.pending(); n != 0 {
		s.t.Errorf("%d timers are left", n)
	}
}

func events() *endless {
	return &endless{status: 200, header: http.Header{"Content-Type": {"text/event-stream"}}}
}

func TestAStreamIsLookedAtEveryInterval(t *testing.T) {
	s := stream(t, "/events", events(), nil)
	for n := range 100 {
		if d := <-s.set; d != 30*time.Second {
			t.Fatalf("check %d is set for %v", n, d)
		}
		s.pass(30 * time.Second)
		s.lives(fmt.Sprint("check ", n))
	}
	if n := s.store.count(); n > 100 {
		t.Errorf("%d reads for 100 checks", n)
	}
	close(s.app.complete)
	if e := <-s.ended; e != nil || s.pending() != 0 {
		t.Errorf("%v, %d timers are left", e, s.pending())
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	for name, app := range map[string]*endless{
		"event stream": events(), "upgrade": {status: 101},
		"large": {status: 200, header: http.Header{"Content-Length": {"2000000"}}},
	} {
		t.Run(name+", here", func(t *testing.T) {
			copied := *app
			s := stream(t, "/x", &copied, nil)
			if err := s.g.Sessions().Revoke(t.Context(), s.ref); err != nil {
				t.Fatal(err)
			}
			s.dies("session: ended") // without a timer
		})
		t.Run(name+", elsewhere", func(t *testing.T) {
			copied := *app
			s := stream(t, "/x", &copied, nil)
			c, err := core.LoadConfig(lookup)
			if err != nil {
				t.Fatal(err)
			}
			other, err := core.New(c, core.Platform{KV: s.store, Fetch: &issuer{}, Forward: s.app, Now: s.Now})
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Sessions().Revoke(t.Context(), s.ref); err != nil {
				t.Fatal(err)
			}
			s.pass(29 * time.Second)
			s.lives("before the check")
			s.pass(time.Second)
			s.dies("session: ended")
		})
	}
}

func TestAStreamEndsAtItsLimitWithoutTheStore(t *testing.T) {
	s := stream(t, "/events", events(), nil)
	s.store.fail(errors.New("down"))
	s.pass(12 * time.Hour) // SESSION_IDLE, with one check due
	s.dies("limit reached")
	if n := s.store.count(); n != 0 {
		t.Errorf("%d reads", n)
	}
}

func TestAStreamOutlivesTwoChecksWithoutAStore(t *testing.T) {
	s := stream(t, "/events", events(), nil)
	s.store.fail(errors.New("down"))
	for range 2 {
		s.pass(30 * time.Second)
		s.lives("store down")
	}
	s.store.fail(nil)
	s.pass(30 * time.Second)
	s.store.fail(errors.New("down"))
	for range 2 {
		s.pass(30 * time.Second)
		s.lives("store down again")
	}
	s.pass(30 * time.Second)
	s.dies("not known for 3 checks")
}

func TestALongUploadEndsWithItsSession(t *testing.T) {
	r := httptest.NewRequest("POST", "https://app.example.com/upload", strings.NewReader(strings.Repeat("x", 2<<20)))
	s := stream(t, "", &endless{before: true}, r)
	if err := s.g.Sessions().Revoke(t.Context(), s.ref); err != nil {
		t.Fatal(err)
	}
	if e := <-s.ended; e != nil || s.recorder.Code != http.StatusUnauthorized {
		t.Errorf("%v, status %d", e, s.recorder.Code)
	}
}

// What is short costs neither a timer nor a look at the store; public paths belong to
// nobody.
func TestWhatIsNotWatched(t *testing.T) {
	for path, app := range map[string]*endless{
		"/short":  {status: 200, header: http.Header{"Content-Length": {"1000"}}},
		"/none":   {status: 204},
		"/public": events(),
	} {
		s := stream(t, path, app, nil)
		if n := s.pending(); n != 0 {
			t.Errorf("%s: %d timers", path, n)
		}
		if err := s.g.Sessions().Revoke(t.Context(), s.ref); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Hour)
		s.lives(path)
		close(app.complete)
		if e := <-s.ended; e != nil || s.store.count() != 0 {
			t.Errorf("%s: %v, %d reads", path, e, s.store.count())
		}
	}
}
