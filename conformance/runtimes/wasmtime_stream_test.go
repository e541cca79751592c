//go:build runtimes

package runtimes

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	weak "math/rand"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bounds of a process of "wasmtime serve": what it may grow by while it does what the
// test says. An instance takes about 20 MB.
const (
	mostOfStreaming = 24 << 20
	mostOfServing   = 24 << 20
)

const bodySize = 50 << 20

// random is a body of n bytes, the same each time.
func random(n int64) io.Reader { return io.LimitReader(weak.New(weak.NewSource(1)), n) }

// TestWasmtimeSendsEveryCookie: several Set-Cookie fields of the application, and those
// that the gateway adds to the same answer, since the session's key is an old one.
func TestWasmtimeSendsEveryCookie(t *testing.T) {
	s := startWasmtimeSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"one", "two", "three"} {
			http.SetCookie(w, &http.Cookie{Name: name, Value: "of the application", Expires: time.Now().Add(time.Hour)})
		}
	}))
	client := s.client(t)
	s.settings["COOKIE_SECRET"] = base64.RawURLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())[:32]) + "," + s.settings["COOKIE_SECRET"]
	s.restart(t)
	res, err := client.Get(s.app + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	names := map[string]int{}
	for _, c := range res.Cookies() {
		names[strings.TrimRight(c.Name, "0123456789.")]++
	}
	for _, name := range []string{"one", "two", "three", "gatehouse-dev"} {
		if names[name] != 1 {
			t.Errorf("%d cookies %s in %q", names[name], name, res.Header.Values("Set-Cookie"))
		}
	}
}

// TestWasmtimeStreams: a body of 50 MB upwards and one downwards arrive whole while the
// process grows by far less.
func TestWasmtimeStreams(t *testing.T) {
	want := sha256.New()
	_, _ = io.Copy(want, random(bodySize))
	sum := fmt.Sprintf("%x", want.Sum(nil))
	s := startWasmtimeSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.Copy(w, random(bodySize))
			return
		}
		got := sha256.New()
		n, err := io.Copy(got, r.Body)
		fmt.Fprintf(w, "%x %d %v", got.Sum(nil), n, err)
	}))
	client := s.client(t)
	s.settle(t)
	before := s.resident(t)
	most := s.peak(t, func() {
		r, _ := http.NewRequest(http.MethodPost, s.app+"/upload", random(bodySize))
		r.Header.Set("Origin", s.app)
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, _ := io.ReadAll(res.Body); string(body) != fmt.Sprintf("%s %d <nil>", sum, bodySize) {
			t.Errorf("status %d, the application got %.200s", res.StatusCode, body)
		}
	})
	t.Logf("upwards: %d MB before, at most %d MB during", before>>20, most>>20)
	if most-before > mostOfStreaming {
		t.Errorf("the process grew by %d MB", (most-before)>>20)
	}
	s.settle(t)
	before = s.resident(t)
	most = s.peak(t, func() {
		res, err := client.Get(s.app + "/download")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got := sha256.New()
		if n, err := io.Copy(got, res.Body); err != nil || fmt.Sprintf("%x", got.Sum(nil)) != sum {
			t.Errorf("%d bytes arrived, not the same (%v)", n, err)
		}
	})
	t.Logf("downwards: %d MB before, at most %d MB during", before>>20, most>>20)
	if most-before > mostOfStreaming {
		t.Errorf("the process grew by %d MB", (most-before)>>20)
	}
}

// peak is the process's largest memory while do runs.
func (s *serving) peak(t *testing.T, do func()) (most int64) {
	t.Helper()
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			most = max(most, s.resident(t))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	defer func() { // also when do ends the test
		close(done)
		watching.Wait()
	}()
	do()
	return most
}

// TestWasmtimePassesEventsOn: each event is here before the next one is made.
func TestWasmtimePassesEventsOn(t *testing.T) {
	arrived := make(chan struct{})
	s := startWasmtimeSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-arrived:
			case <-time.After(patience):
				return
			}
		}
	}))
	res, err := s.client(t).Get(s.app + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	for i := range 5 {
		for events.Scan() && events.Text() == "" {
		}
		if want := fmt.Sprintf("data: %d", i); events.Text() != want {
			t.Fatalf("event %d is %q", i, events.Text())
		}
		arrived <- struct{}{}
	}
}

// TestWasmtimeServesManyAtOnce: requests in parallel get answers of their own, and two
// thousand in one process leave its memory as it was.
func TestWasmtimeServesManyAtOnce(t *testing.T) {
	s := startWasmtimeSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.URL.Path, body, r.Header.Get("X-Forwarded-User"))
	}))
	client := s.client(t)
	client.Transport = &http.Transport{MaxIdleConnsPerHost: 8}
	send := func(requests int) {
		var workers sync.WaitGroup
		next := make(chan int)
		for range 8 {
			workers.Go(func() {
				for i := range next {
					s.echo(t, client, i)
				}
			})
		}
		for i := range requests {
			next <- i
		}
		close(next)
		workers.Wait()
		s.settle(t)
	}
	send(200)
	before := s.resident(t)
	send(2000)
	after := s.resident(t)
	t.Logf("%d MB after 200 requests, %d MB after 2000 more", before>>20, after>>20)
	if after-before > mostOfServing {
		t.Errorf("the process grew by %d MB", (after-before)>>20)
	}
}

// echo asks something that nobody else asks.
func (s *wasmtimeSite) echo(t *testing.T, client *http.Client, i int) {
	path, body := fmt.Sprintf("/path/%d", i), strings.Repeat(fmt.Sprintf("<%d>", i), 1+i%500)
	r, _ := http.NewRequest(http.MethodPost, s.app+path, strings.NewReader(body))
	r.Header.Set("Origin", s.app)
	res, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if want := path + " " + body + " 100000000000000001"; err != nil || res.StatusCode != http.StatusOK || string(got) != want {
		t.Errorf("%s: %d %.200s (%v)", path, res.StatusCode, got, err)
	}
}

// TestWasmtimeEndsStreamsWithTheirSession: a stream is an instance of its own, which finds
// out at the next check.
func TestWasmtimeEndsStreamsWithTheirSession(t *testing.T) {
	s := startWasmtimeSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 600 {
			fmt.Fprint(w, "data: tick\n\n")
			w.(http.Flusher).Flush()
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
	}))
	s.settings["STREAM_CHECK"] = "1s"
	s.restart(t)
	client := s.client(t)
	events, err := client.Get(s.app + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	out, err := http.NewRequest(http.MethodPost, s.app+"/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	out.Header.Set("Origin", s.app)
	res, err := client.Do(out)
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatalf("logout: %v, %v", res, err)
	}
	res.Body.Close()
	began := time.Now()
	if _, err := io.Copy(io.Discard, events.Body); err == nil {
		t.Error("the stream looks whole")
	}
	took := time.Since(began)
	t.Logf("the stream ended %v after the logout", took.Round(time.Millisecond))
	if took > 30*time.Second {
		t.Error("it went on until the application ended it")
	}
}
