//go:build runtimes

package runtimes

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	stressRequests = 20_000
	stressAtOnce   = 16
	// stressHang is when an answer counts as one that never comes.
	stressHang = 30 * time.Second
	// heapGrowth bounds what the Go heap may have grown when nothing is under way.
	heapGrowth = 8 << 20
)

// stressed is a site whose Worker has the routes of the command stressed.
type stressed struct {
	*workerSite
	client *http.Client
	cookie string
}

func startStressed(t *testing.T) *stressed {
	t.Helper()
	module := filepath.Join(t.TempDir(), "gatehouse.wasm")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", module, "./stressed")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := runs(build); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	s := &stressed{}
	s.workerSite = startWorkerSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ms, _ := time.ParseDuration(r.FormValue("ms") + "ms")
		select {
		case <-time.After(ms): // the application is slow
		case <-r.Context().Done():
			return
		}
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
			return
		}
		fmt.Fprint(w, r.URL.Query().Get("id"), r.Header.Get("X-Forwarded-User"))
	}), workerdOptions{modules: map[string]string{"gatehouse.wasm": module}, settings: map[string]string{"LOG_LEVEL": "error"}})
	v := newVisitor(t)
	v.logIn(s.app + "/")
	var cookies []string
	for _, c := range v.client.Jar.Cookies(mustParse(t, s.app)) {
		cookies = append(cookies, c.String())
	}
	s.cookie = strings.Join(cookies, "; ")
	s.client = &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: stressAtOnce,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, s.http)
			if err != nil {
				return nil, err
			}
			return resetting{conn.(*net.TCPConn)}, nil
		},
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

// resetting is a connection that ends with a reset, as that of a program that dies.
type resetting struct{ *net.TCPConn }

func (r resetting) Close() error {
	_ = r.SetLinger(0)
	return r.TCPConn.Close()
}

// call returns status and body of an answer.
func (s *stressed) call(ctx context.Context, method, path string, session bool, body []byte) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.app+path, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if session {
		r.Header.Set("Cookie", s.cookie)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := s.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

// one makes one request of a random kind and says what is wrong with its answer.
func (s *stressed) one(ctx context.Context, n int, random *rand.Rand) error {
	id := fmt.Sprintf("request-%d.", n)
	var body []byte
	method, path, status, want, session := http.MethodGet, "", http.StatusOK, id, true
	switch random.IntN(10) {
	case 0, 1, 2:
		path, want = fmt.Sprintf("/app?id=%s&ms=%d", id, random.IntN(20)), id+"100000000000000001"
	case 3:
		body = bytes.Repeat([]byte(id), 1000)
		method, path, want = http.MethodPost, fmt.Sprintf("/app?ms=%d", random.IntN(20)), string(body)
	case 4, 5:
		path = fmt.Sprintf("/stress/sleep?id=%s&ms=%d", id, random.IntN(30))
	case 6:
		path, want = fmt.Sprintf("/stress/stream?id=%s&ms=%d", id, random.IntN(5)), ""
		for i := range 5 {
			want += fmt.Sprintf("%s %d\n", id, i)
		}
	case 7:
		path, status, want, session = "/api/whoami", http.StatusUnauthorized, "login_required", false
	case 8:
		path, want = "/api/whoami", `"user_id":"100000000000000001"`
	case 9:
		path, status, want = "/stress/panic", http.StatusInternalServerError, "internal_error"
	}
	gotStatus, got, err := s.call(ctx, method, path, session, body)
	if err != nil {
		return err
	}
	partial := want == "login_required" || want == "internal_error" || path == "/api/whoami"
	if gotStatus != status || got != want && !(partial && strings.Contains(got, want)) {
		return wrong(fmt.Sprintf("%s %s answers %d %.200q, want %d %.100q", method, path, gotStatus, got, status, want))
	}
	return nil
}

// wrong is an answer that was not the one to this request.
type wrong string

func (w wrong) Error() string { return string(w) }

// run makes requests, some of which are given up at a random moment. It returns how
// many these were.
func (s *stressed) run(t *testing.T, requests int, aborted float64) (abandoned int64) {
	t.Helper()
	var next, gone, failures atomic.Int64
	var wg sync.WaitGroup
	for worker := range stressAtOnce {
		random := rand.New(rand.NewPCG(1, uint64(worker)))
		wg.Go(func() {
			for n := int(next.Add(1)); n <= requests && failures.Load() < 20; n = int(next.Add(1)) {
				patient := random.Float64() >= aborted
				limit := stressHang
				if !patient {
					limit = time.Duration(random.IntN(25_000)) * time.Microsecond
				}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				err := s.one(ctx, n, random)
				given := ctx.Err() != nil
				cancel()
				if _, isWrong := err.(wrong); err != nil && !isWrong && given && !patient {
					gone.Add(1)
				} else if err != nil {
					failures.Add(1)
					t.Errorf("request %d: %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	return gone.Load()
}

// usage is what the program holds.
type usage struct{ Goroutines, Heap, Size int64 }

func (s *stressed) measure(t *testing.T) (u usage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stressHang)
	defer cancel()
	status, body, err := s.call(ctx, http.MethodGet, "/stress/measure", false, nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("measure: %d, %v", status, err)
	}
	if err := json.Unmarshal([]byte(body), &u); err != nil {
		t.Fatal(err)
	}
	return u
}

// The Worker answers each request rightly however many others go away, wait and panic
// beside it, and holds nothing of them afterwards.
func TestWorkerdUnderStress(t *testing.T) {
	s := startStressed(t)
	s.run(t, 500, 0) // everything has been used once
	idle := s.measure(t)
	until(t, "the program to be idle at first", func() bool {
		before := idle
		idle = s.measure(t)
		return idle.Goroutines == before.Goroutines
	}, func() string { return fmt.Sprintf("%+v", idle) })
	memory := residentMemory(t, s.cmd.Process.Pid)
	began := time.Now()
	gone := s.run(t, stressRequests, 0.25)
	t.Logf("%d requests in %v, %d of them given up by the client", stressRequests, time.Since(began).Round(time.Second), gone)
	if share := float64(gone) / stressRequests; share < 0.10 {
		t.Errorf("only %.0f %% of the requests were given up", 100*share)
	}
	// The program learns from the next requests what the runtime ended without a word.
	var after usage
	until(t, "the program to be idle", func() bool {
		after = s.measure(t)
		return after.Goroutines <= idle.Goroutines
	}, func() string { return fmt.Sprintf("%+v, idle %+v", after, idle) })
	t.Logf("idle: %+v, resident %d MiB; afterwards: %+v, resident %d MiB", idle, memory>>20, after, residentMemory(t, s.cmd.Process.Pid)>>20)
	if after.Heap-idle.Heap > heapGrowth {
		t.Errorf("the Go heap is %d bytes, %d when idle before", after.Heap, idle.Heap)
	}
	if printed := s.log(); strings.Contains(printed, "different request") {
		t.Errorf("the log has the error of another request's I/O:\n%s", printed)
	}
	s.programEnds(t, after.Goroutines)
}

// programEnds ends the program from one request while another one waits: both are told
// at once, and the next request has a new program. idle is the number of goroutines.
func (s *stressed) programEnds(t *testing.T, idle int64) {
	t.Helper()
	type outcome struct {
		status int
		body   string
		err    error
	}
	waiting := make(chan outcome, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), stressHang)
		defer cancel()
		status, body, err := s.call(ctx, http.MethodGet, "/stress/sleep?ms=600000", false, nil)
		waiting <- outcome{status, body, err}
	}()
	until(t, "the request that sleeps", func() bool { return s.measure(t).Goroutines > idle }, func() string { return "it does not begin" })
	ctx, cancel := context.WithTimeout(t.Context(), stressHang)
	defer cancel()
	for name, got := range map[string]outcome{
		"the request that ends the program": func() outcome {
			status, body, err := s.call(ctx, http.MethodGet, "/stress/exit", false, nil)
			return outcome{status, body, err}
		}(),
		"the request that waits": <-waiting,
	} {
		if got.err != nil || got.status != http.StatusBadGateway || !strings.Contains(got.body, "internal_error") {
			t.Errorf("%s: %d %q, %v", name, got.status, got.body, got.err)
		}
	}
	s.run(t, 200, 0)
}
