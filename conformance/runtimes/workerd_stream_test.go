//go:build runtimes

package runtimes

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/adapters/native/demo"
)

const (
	large = 100 << 20
	// growth is how much larger workerd may become by passing a large body on.
	growth = 20 << 20
)

// residentMemory is that of a process, in bytes.
func residentMemory(t testing.TB, pid int) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(data))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// zeros is an endless body of one byte.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Bodies go through workerd without becoming part of its memory.
func TestWorkerdPassesLargeBodiesOn(t *testing.T) {
	s := startWorkerSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
		received, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Received", fmt.Sprint(received))
		w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
		w.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = io.CopyN(w, zeros{}, size)
	}), workerdOptions{})
	v := newVisitor(t)
	v.logIn(s.app + "/")
	transfer := func(up, down int64) {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, s.app+"/?size="+fmt.Sprint(down), io.LimitReader(zeros{}, up))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = up
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		received, err := io.Copy(io.Discard, res.Body)
		if err != nil || received != down || res.ContentLength != down {
			t.Fatalf("%s, %d of %d bytes (length %d): %v", res.Status, received, down, res.ContentLength, err)
		}
		for _, name := range []string{"X-Received", "X-Length"} {
			if got := res.Header.Get(name); got != fmt.Sprint(up) {
				t.Fatalf("%s: the application says %s: %s, want %d", res.Status, name, got, up)
			}
		}
	}
	for _, warmUp := range []int64{1 << 10, 4 << 20, 4 << 20} {
		transfer(warmUp, warmUp)
	}
	for _, body := range []struct {
		name     string
		up, down int64
	}{{"up", large, 1}, {"down", 1, large}} {
		before := residentMemory(t, s.cmd.Process.Pid)
		most, over, sampled := before, make(chan struct{}), make(chan struct{})
		go func() {
			defer close(sampled)
			for {
				most = max(most, residentMemory(t, s.cmd.Process.Pid))
				select {
				case <-over:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}()
		began := time.Now()
		transfer(body.up, body.down)
		took := time.Since(began)
		close(over)
		<-sampled
		t.Logf("%s: %d MiB in %v, workerd %d MiB and %.1f MiB more", body.name, large>>20, took.Round(time.Millisecond),
			before>>20, float64(most-before)/(1<<20))
		if most-before > growth {
			t.Errorf("%s: workerd grew by %d MiB", body.name, (most-before)>>20)
		}
	}
}

func TestWorkerdJoinsWebSockets(t *testing.T) {
	application := demo.New(demo.Options{})
	var users []string
	s := startWorkerSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ws" {
			users = r.Header.Values("X-Forwarded-User")
		}
		application.ServeHTTP(w, r)
	}), workerdOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	socket := "ws" + strings.TrimPrefix(s.app, "http") + "/ws"
	options := func(v *visitor) *websocket.DialOptions {
		return &websocket.DialOptions{HTTPClient: &http.Client{Jar: v.client.Jar}, HTTPHeader: http.Header{"Origin": {s.app}, "X-Forwarded-User": {"mallory"}}}
	}
	v := newVisitor(t)
	if _, res, err := websocket.Dial(ctx, socket, options(v)); err == nil || res == nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a session: %v, %v", res, err)
	}
	v.logIn(s.app + "/")
	conn, _, err := websocket.Dial(ctx, socket, options(v))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for i, text := range []string{"one", strings.Repeat("two ", 10_000), "three"} {
		kind := []websocket.MessageType{websocket.MessageText, websocket.MessageBinary}[i%2]
		conn.SetReadLimit(1 << 20)
		if err := conn.Write(ctx, kind, []byte(text)); err != nil {
			t.Fatal(err)
		}
		gotKind, got, err := conn.Read(ctx)
		if err != nil || gotKind != kind || string(got) != text {
			t.Fatalf("echo of message %d: %v, %d bytes, %v", i, gotKind, len(got), err)
		}
	}
	if !slices.Equal(users, []string{"100000000000000001"}) {
		t.Errorf("the application is told the users %q", users)
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

// The second event is sent when the client has read the first.
func TestWorkerdHoldsNoEventBack(t *testing.T) {
	read := make(chan struct{})
	s := startWorkerSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/events" {
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-read:
			case <-r.Context().Done():
				return
			}
		}
	}), workerdOptions{})
	v := newVisitor(t)
	v.logIn(s.app + "/")
	res, err := v.client.Get(s.app + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	for i := range 5 {
		if !events.Scan() || events.Text() != fmt.Sprintf("data: %d", i) || !events.Scan() {
			t.Fatalf("event %d: %q, %v", i, events.Text(), events.Err())
		}
		read <- struct{}{}
	}
}

// Streams and WebSockets of a session end once it has: within STREAM_CHECK and the age of
// a copy in memory.
func TestWorkerdEndsStreamsWithTheirSession(t *testing.T) {
	application := demo.New(demo.Options{})
	s := startWorkerSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/events" {
			application.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			fmt.Fprint(w, "data: tick\n\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	}), workerdOptions{settings: map[string]string{"STREAM_CHECK": "1s"}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	v := newVisitor(t)
	v.logIn(s.app + "/")
	events, err := v.client.Get(s.app + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.app, "http")+"/ws", &websocket.DialOptions{
		HTTPClient: &http.Client{Jar: v.client.Jar}, HTTPHeader: http.Header{"Origin": {s.app}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := conn.Read(ctx); err != nil || string(got) != "one" {
		t.Fatalf("echo: %q, %v", got, err)
	}
	out, err := http.NewRequestWithContext(ctx, http.MethodPost, s.app+"/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	out.Header.Set("Origin", s.app)
	res, err := v.client.Do(out)
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatalf("logout: %v, %v", res, err)
	}
	res.Body.Close()
	began := time.Now()
	if _, _, err := conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("the WebSocket ends with %v", err)
	}
	t.Logf("the WebSocket ended %v after the logout", time.Since(began).Round(time.Millisecond))
	if _, err := io.Copy(io.Discard, events.Body); err == nil {
		t.Error("the event stream looks whole")
	}
	t.Logf("the event stream ended %v after the logout", time.Since(began).Round(time.Millisecond))
	until(t, "both ends in the log", func() bool { return strings.Count(s.log(), "stream ends with its session") == 2 }, s.log)
}
