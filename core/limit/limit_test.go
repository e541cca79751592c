package limit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/core/limit"
	"gatehouse/core/platform"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var perMinute = platform.Limit{Name: "test", Count: 60, Per: time.Minute}

// rig is a limiter and its clock.
type rig struct {
	*limit.Memory
	time atomic.Int64 // nanoseconds since start
}

func newRig() *rig {
	r := &rig{}
	r.Memory = limit.NewMemory(func() time.Time { return start.Add(time.Duration(r.time.Load())) })
	return r
}

func (r *rig) at(d time.Duration) *rig { r.time.Store(int64(d)); return r }

// burst makes n events and returns how many pass.
func (r *rig) burst(l platform.Limit, key string, n int) (passed int) {
	for range n {
		if _, ok := r.Allow(context.Background(), l, key); ok {
			passed++
		}
	}
	return passed
}

func TestSixtyPassAndTheNextDoesNot(t *testing.T) {
	r := newRig()
	if n := r.burst(perMinute, "a", 60); n != 60 {
		t.Errorf("%d of 60 pass", n)
	}
	wait, ok := r.Allow(t.Context(), perMinute, "a")
	if ok || wait < time.Second || wait > time.Minute+time.Second {
		t.Errorf("the next one: %v, %v", wait, ok)
	}
	if n := r.burst(perMinute, "b", 60); n != 60 {
		t.Errorf("another client: %d of 60 pass", n)
	}
	other := platform.Limit{Name: "other", Count: 5, Per: time.Minute}
	if n := r.burst(other, "a", 60); n != 5 {
		t.Errorf("another limit: %d of 5 pass", n)
	}
}

func TestAWindowsEdgeDoesNotDoubleTheLimit(t *testing.T) {
	for _, first := range []bool{false, true} {
		r := newRig()
		total := 0
		if first {
			total = r.burst(perMinute, "a", 1)
		}
		total += r.at(59*time.Second).burst(perMinute, "a", 60)
		total += r.at(61*time.Second).burst(perMinute, "a", 60)
		if total > 62 {
			t.Errorf("%d events passed within two seconds", total)
		}
	}
}

func TestASteadyCallerBelowTheLimitIsNeverRefused(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 7, 31.4, 58, 59, 59.5, 59.97} {
		for _, offset := range []time.Duration{0, 1, 333 * time.Millisecond} {
			r := newRig()
			for i := range int(rate*10) + 10 {
				r.at(offset + time.Duration(float64(i)*float64(time.Minute)/rate))
				if wait, ok := r.Allow(t.Context(), perMinute, "a"); !ok {
					t.Fatalf("%v a minute: event %d is refused for %v", rate, i, wait)
				}
			}
		}
	}
}

func TestWhoWaitsAsToldPasses(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		r := newRig()
		l := platform.Limit{Name: "test", Count: 1 + random.IntN(80), Per: time.Duration(1+random.IntN(120)) * time.Second}
		var now time.Duration
		for range 300 {
			now += time.Duration(random.Int64N(int64(l.Per) / int64(l.Count)))
			wait, ok := r.at(now).Allow(t.Context(), l, "a")
			if ok {
				continue
			}
			if wait < time.Second || wait > 2*l.Per+time.Second {
				t.Fatalf("%+v: told to wait %v", l, wait)
			}
			now += wait
			if _, ok := r.at(now).Allow(t.Context(), l, "a"); !ok {
				t.Fatalf("%+v: refused after the %v that were asked for", l, wait)
			}
		}
	}
}

func TestTheClockBackwards(t *testing.T) {
	r := newRig()
	r.at(time.Hour).burst(perMinute, "a", 60)
	for _, back := range []time.Duration{time.Nanosecond, time.Second, 59 * time.Second} {
		if n := r.at(time.Hour-back).burst(perMinute, "a", 5); n != 0 {
			t.Errorf("%v back: %d pass", back, n)
		}
	}
	if n := r.at(0).burst(perMinute, "a", 60); n != 60 {
		t.Errorf("an hour back: %d of 60 pass, so a corrected clock locks clients out", n)
	}
}

func TestALimitOfNothing(t *testing.T) {
	r := newRig()
	l := platform.Limit{Name: "none", Count: 0, Per: time.Minute}
	for i := range 30_000 {
		if wait, ok := r.Allow(t.Context(), l, fmt.Sprint(i)); ok || wait < time.Second {
			t.Fatalf("got %v, %v", wait, ok)
		}
	}
	if n := limit.Held(r.Memory); n > 20_000 {
		t.Errorf("%d windows are held", n)
	}
}

func TestMemoryIsBoundedAndKeepsWhoIsActive(t *testing.T) {
	r := newRig()
	r.burst(perMinute, "active", 60)
	for i := range 45_000 {
		r.burst(perMinute, fmt.Sprint(i), 1)
		if i%5_000 == 0 {
			if n := r.burst(perMinute, "active", 1); n != 0 {
				t.Fatalf("after %d others a client in use was forgotten", i)
			}
		}
	}
	if n := limit.Held(r.Memory); n > 20_000 {
		t.Errorf("%d windows are held", n)
	}
}

func TestConcurrentCallersShareOneBudget(t *testing.T) {
	// A clock whose readings cross: each caller's is a little earlier or later.
	var ticks atomic.Int64
	m := limit.NewMemory(func() time.Time {
		n := ticks.Add(1)
		return start.Add(time.Duration(n*(1-2*(n%2))) * time.Microsecond)
	})
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if _, ok := m.Allow(context.Background(), perMinute, "a"); ok {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n != 60 {
		t.Errorf("%d pass, want 60", n)
	}
}

func BenchmarkAllow(b *testing.B) {
	r := newRig()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.at(time.Duration(i)*time.Millisecond).Allow(context.Background(), perMinute, "192.0.2.1")
	}
}
