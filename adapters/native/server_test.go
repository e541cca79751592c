package native

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// running is a server on a free port whose stop is in the test's hands.
type running struct {
	url         string
	parts       *parts
	stop, force context.CancelFunc
	done        chan error
}

func runServer(t *testing.T, handler http.HandlerFunc, timeout time.Duration) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	graceful, stopNow := context.WithCancel(context.Background())
	force, forceNow := context.WithCancel(context.Background())
	r := &running{
		url:   "http://" + l.Addr().String(),
		parts: &parts{handler: handler, forward: NewForward(time.Second, discard), fetch: newFetch(), background: newBackground(discard)},
		stop:  stopNow, force: forceNow, done: make(chan error, 1),
	}
	go func() { r.done <- r.parts.run(stop{graceful, force}, []net.Listener{l}, nil, timeout, discard) }()
	t.Cleanup(func() { stopNow(); forceNow() })
	return r
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not stop")
		return nil
	}
}

// A request in flight when the process is asked to stop is answered.
func TestServerFinishesWhatIsInFlight(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	s := runServer(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-proceed
		io.WriteString(w, "done")
	}, 10*time.Second)
	answers := make(chan string, 1)
	go func() {
		res, err := http.Get(s.url)
		if err != nil {
			answers <- err.Error()
			return
		}
		defer res.Body.Close()
		data, _ := io.ReadAll(res.Body)
		answers <- string(data)
	}()
	<-arrived
	s.stop()
	// New connections are refused while the old request goes on.
	for {
		conn, err := net.Dial("tcp", s.url[len("http://"):])
		if err != nil {
			break
		}
		conn.Close()
		time.Sleep(time.Millisecond)
	}
	close(proceed)
	if got := <-answers; got != "done" {
		t.Errorf("got %q", got)
	}
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}

func TestServerCutsOff(t *testing.T) {
	hang := func(arrived chan struct{}) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
		}
	}
	t.Run("at the timeout", func(t *testing.T) {
		arrived := make(chan struct{})
		s := runServer(t, hang(arrived), 20*time.Millisecond)
		go http.Get(s.url)
		<-arrived
		s.stop()
		if err := s.wait(t); err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("at the second signal", func(t *testing.T) {
		arrived := make(chan struct{})
		s := runServer(t, hang(arrived), time.Hour)
		go http.Get(s.url)
		<-arrived
		s.stop()
		s.force()
		if err := s.wait(t); !errors.Is(err, errForced) {
			t.Errorf("got %v", err)
		}
	})
}

// Work that a request left behind is finished before the process ends.
func TestServerAwaitsBackgroundWork(t *testing.T) {
	var finished atomic.Bool
	var s *running
	ready := make(chan struct{})
	s = runServer(t, func(w http.ResponseWriter, r *http.Request) {
		<-ready
		s.parts.background.run(func(ctx context.Context) {
			time.Sleep(50 * time.Millisecond)
			finished.Store(ctx.Err() == nil)
		})
	}, 10*time.Second)
	close(ready)
	if _, err := http.Get(s.url); err != nil {
		t.Fatal(err)
	}
	s.stop()
	if err := s.wait(t); err != nil || !finished.Load() {
		t.Errorf("finished: %v, %v", finished.Load(), err)
	}
}

func TestServerFailsWithItsListener(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	l.Close()
	p := &parts{handler: http.NotFoundHandler(), forward: NewForward(time.Second, discard), fetch: newFetch(), background: newBackground(discard)}
	if err := p.run(stop{t.Context(), t.Context()}, []net.Listener{l}, nil, time.Second, discard); err == nil {
		t.Error("no error")
	}
}

// A header larger than the limit is refused before any handler sees it.
func TestServerBoundsTheHeader(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config = newServer(http.NotFoundHandler(), discard)
	server.Start()
	defer server.Close()
	r := get(t, server.URL)
	r.Header.Set("X-Big", string(bytes.Repeat([]byte("a"), maxHeaderBytes+8<<10)))
	if res := do(t, r); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s", res.Status)
	}
	if server.Config.WriteTimeout != 0 || server.Config.ReadTimeout != 0 {
		t.Error("a timeout would cut streams")
	}
}

// The library would answer OPTIONS * by itself, without the gateway's headers or log.
func TestServerHandsEveryRequestOn(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config = newServer(http.NotFoundHandler(), discard)
	server.Start()
	defer server.Close()
	r := get(t, server.URL)
	r.Method, r.URL.Opaque = http.MethodOptions, "*"
	if res := do(t, r); res.StatusCode != http.StatusNotFound {
		t.Errorf("got %s", res.Status)
	}
}

// With every goroutine busy the caller works itself; nothing is dropped or piles up.
func TestBackgroundIsBounded(t *testing.T) {
	b := newBackground(discard)
	release := make(chan struct{})
	for range maxBackground {
		b.run(func(context.Context) { <-release })
	}
	inline := false
	b.run(func(context.Context) { inline = true }) // a race, were it in a goroutine
	if !inline {
		t.Error("the work was not done at once")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	b.close(ctx)
	if b.ctx.Err() == nil {
		t.Error("work that takes too long is not cancelled")
	}
	close(release)
	b.running.Wait()
}

func TestBackgroundSurvivesAPanic(t *testing.T) {
	var log bytes.Buffer
	b := newBackground(slog.New(slog.NewTextHandler(&log, nil)))
	b.run(func(context.Context) { panic("boom") })
	b.close(t.Context())
	if !bytes.Contains(log.Bytes(), []byte("boom")) {
		t.Error("the panic was not logged")
	}
}

// A client that announces a body and does not send it is answered and let go, unless
// the application gets the body.
func TestBodyThatNobodyReads(t *testing.T) {
	const wait = 100 * time.Millisecond
	application := rawApplication(t, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
	forward := NewForward(5*time.Second, discard)
	t.Cleanup(forward.Close)
	server := newServer(boundUnwanted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/forwarded" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		out := (&http.Request{Method: r.Method, URL: application, Header: http.Header{}, Body: r.Body,
			ContentLength: r.ContentLength}).WithContext(r.Context())
		if forward.Forward(w, out, func(int, http.Header) {}) != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}), wait), discard)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(serveUntil(server, l))
	for path, want := range map[string]string{"/": "HTTP/1.1 401 ", "/forwarded": "HTTP/1.1 200 "} {
		t.Run(path, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(30 * time.Second))
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", path)
			if path == "/forwarded" {
				time.Sleep(2 * wait)
				fmt.Fprint(conn, "ab")
			}
			answer := make([]byte, len(want))
			if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != want {
				t.Errorf("got %q, %v, want %q", answer, err, want)
			}
		})
	}
}
