package conformance

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Platforms are the names that targets and the ledger use.
var Platforms = []string{
	"native", "native-fresh", "native-rest", "worker", "worker-fresh", "worker-durable", "spin", "wasi",
	"workerd", "wasmtime", "wasmtime-spin", "syumai",
}

// running are the names of targets that are no platforms, and have lines all the same.
var running = []string{"native-running", "native-fresh-running"}

// excuse is a line of the ledger: PLATFORM CASE DATE REASON. CASE is a case's name,
// NAME@PROFILE, or a feature such as @advance, which stands for every case that
// needs it.
type excuse struct {
	platform, subject, date, reason string
}

// reasons are how a reason may begin: the runtime cannot express it, and the
// interface that cannot is named; a library that the platform is built with cannot,
// and it is named with its version; or the case is about another platform.
var reasons = []string{"runtime: ", "library: ", "platform: "}

func parseLedger(data string) ([]excuse, error) {
	var out []excuse
	for n, line := range strings.Split(data, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fail := func(format string, args ...any) error {
			return fmt.Errorf("ledger line %d: %s", n+1, fmt.Sprintf(format, args...))
		}
		f := strings.Fields(line)
		if len(f) < 4 {
			return nil, fail("want PLATFORM CASE DATE REASON")
		}
		e := excuse{f[0], f[1], f[2], strings.Join(f[3:], " ")}
		if !slices.Contains(Platforms, e.platform) && !slices.Contains(running, e.platform) {
			return nil, fail("unknown platform %s", e.platform)
		}
		if _, err := time.Parse(time.DateOnly, e.date); err != nil {
			return nil, fail("date %s", e.date)
		}
		if !slices.ContainsFunc(reasons, func(r string) bool { return strings.HasPrefix(e.reason, r) }) {
			return nil, fail("a reason begins with one of %q", reasons)
		}
		out = append(out, e)
	}
	return out, nil
}

// excuses are the lines of one platform.
type excuses []excuse

// excuses returns the ledger's lines for platform; a line without a case is an
// error.
func (s *suite) excuses(platform string) (excuses, error) {
	if err := s.checkLedger(); err != nil {
		return nil, err
	}
	var out excuses
	for _, e := range s.ledger {
		if e.platform == platform {
			out = append(out, e)
		}
	}
	return out, nil
}

// checkLedger finds lines about cases that do not exist.
func (s *suite) checkLedger() error {
	for _, e := range s.ledger {
		if !slices.ContainsFunc(s.cases, func(c *Case) bool {
			return slices.ContainsFunc(c.Profiles, func(p string) bool { return e.covers(c, p) })
		}) {
			return fmt.Errorf("ledger: stale line: no case is %s", e.subject)
		}
	}
	return nil
}

func (e excuse) covers(c *Case, profile string) bool {
	return e.subject == runName(c, profile) || c.features()[e.subject]
}

func (es excuses) find(c *Case, profile string) *excuse {
	for i := range es {
		if es[i].covers(c, profile) {
			return &es[i]
		}
	}
	return nil
}

// hold skips t, but runs an excused case first: one that passes makes the line
// stale. Cases that lack a feature are not run.
func (e *excuse) hold(t testing.TB, run func(testing.TB)) {
	if !strings.HasPrefix(e.subject, "@") && e.subject != "101" {
		r := &recordingTB{TB: t}
		r.do(run)
		if !r.Failed() {
			t.Fatalf("ledger: stale line: %s passes on %s", e.subject, e.platform)
		}
	}
	t.Skipf("ledger, %s: %s", e.date, e.reason)
}

// recordingTB keeps failures to itself.
type recordingTB struct {
	testing.TB
	mu      sync.Mutex
	failed  bool
	skipped bool
	text    strings.Builder
}

// do runs f to its end or its first fatal failure.
func (r *recordingTB) do(f func(testing.TB)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
}

func (r *recordingTB) record(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	fmt.Fprintln(&r.text, text)
}

func (r *recordingTB) Helper()                   {}
func (r *recordingTB) Fail()                     { r.record("") }
func (r *recordingTB) FailNow()                  { r.record(""); runtime.Goexit() }
func (r *recordingTB) Error(args ...any)         { r.record(fmt.Sprint(args...)) }
func (r *recordingTB) Errorf(f string, a ...any) { r.record(fmt.Sprintf(f, a...)) }
func (r *recordingTB) Fatal(args ...any)         { r.record(fmt.Sprint(args...)); runtime.Goexit() }
func (r *recordingTB) Fatalf(f string, a ...any) { r.record(fmt.Sprintf(f, a...)); runtime.Goexit() }

func (r *recordingTB) Skip(...any)          { r.SkipNow() }
func (r *recordingTB) Skipf(string, ...any) { r.SkipNow() }

func (r *recordingTB) SkipNow() {
	r.mu.Lock()
	r.skipped = true
	r.mu.Unlock()
	runtime.Goexit()
}

func (r *recordingTB) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
