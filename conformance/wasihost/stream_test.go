package wasihost

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// quiet fails unless the module broke no rule.
func (w *world) quiet(t *testing.T) {
	t.Helper()
	for _, v := range w.reports() {
		t.Error(v)
	}
}

// TestStreams: each line goes up and comes back before the next is sent.
func TestStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	up, send := io.Pipe()
	req, _ := http.NewRequest("POST", w.server.URL+"/echo", up)
	go func() { _, _ = io.WriteString(send, "line 0\n") }()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 5 {
		want := "line " + string(rune('0'+i)) + "\n"
		if got, err := lines.ReadString('\n'); got != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
		if i < 4 {
			_, _ = io.WriteString(send, "line "+string(rune('1'+i))+"\n")
		}
	}
	send.Close()
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
		t.Errorf("at the end: %q, %v", rest, err)
	}
	w.quiet(t)
}

// TestLongBody: a body many times the window passes whole.
func TestLongBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := strings.Repeat("0123456789abcdef", 64<<10)
	res, err := http.Post(w.server.URL+"/echo", "text/plain", strings.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); string(got) != sent || err != nil {
		t.Errorf("got %d of %d bytes, %v", len(got), len(sent), err)
	}
	w.quiet(t)
}

// TestBackpressure: of a body that the module does not read, no more than the read-ahead
// leaves the client, and a module that nobody reads from waits.
func TestBackpressure(t *testing.T) {
	body, filled := &endless{}, make(chan struct{}, 1)
	s := &source{notify: func() { filled <- struct{}{} }, body: body}
	if s.ready() {
		t.Error("ready before it was read")
	}
	<-filled
	if !s.ready() || body.reads != 1 {
		t.Errorf("%d reads for one question", body.reads)
	}
	p := newPipe(func() {})
	out := &outputStream{body: &outgoingBody{pipe: p, length: -1}, permit: window}
	out.write(make([]byte, window))
	if n, _ := out.room(); n != 0 || out.writable() {
		t.Errorf("room for %d bytes behind a full window", n)
	}
}

// endless counts how often it is read.
type endless struct{ reads int }

func (e *endless) Read(b []byte) (int, error) { e.reads++; return len(b), nil }
func (e *endless) Close() error               { return nil }

// TestBreaksOff: a body that the module does not finish, or finishes short of its
// Content-Length, does not look whole.
func TestBreaksOff(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/unfinished", "/mismatch"} {
		w := newWorld(t)
		res, err := http.Get(w.server.URL + path)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: the body looks whole", path)
		}
		w.quiet(t)
		if path == "/mismatch" && !slices.Contains(w.log, "finished: false 28") {
			t.Errorf("the module was told %q", w.log)
		}
	}
}

// TestClientLeaves: the module notices when it writes.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", w.server.URL+"/drip", nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	res.Body.Close()
	w.running.Wait()
	w.quiet(t)
}

// TestGivenUp: a request whose future is dropped ends, and Close ends an instance that
// waits for nothing.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if status, _ := w.get(t, "/deadline"); status != 504 {
		t.Errorf("status %d", status)
	}
	select {
	case <-w.cancelled:
	case <-time.After(30 * time.Second):
		t.Error("the outbound request goes on")
	}
	<-w.asked
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = w.get(t, "/endless")
	}()
	<-w.asked
	w.Host.Close()
	<-gone
	w.quiet(t)
}
