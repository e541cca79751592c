package limit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/limit"
	"gatehouse/core/platform"
)

// counts is a store that counts; it records what it is asked for.
type counts struct {
	now func() time.Time

	mu      sync.Mutex
	numbers map[string]int64
	expires map[string]time.Time
}

func (c *counts) Count(_ context.Context, key string, expiry time.Time, others ...string) ([]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, at := range c.expires {
		if !c.now().Before(at) {
			delete(c.numbers, k)
			delete(c.expires, k)
		}
	}
	c.numbers[key]++
	c.expires[key] = expiry
	n := []int64{c.numbers[key]}
	for _, other := range others {
		n = append(n, c.numbers[other])
	}
	return n, nil
}

// stored is a limiter whose counts are in a store, made anew for each event, and its
// clock.
type stored struct {
	make func(limit.Options) platform.Limiter
	keys func() []string
	log  strings.Builder
	time atomic.Int64 // nanoseconds since start
}

func (s *stored) now() time.Time             { return start.Add(time.Duration(s.time.Load())) }
func (s *stored) at(d time.Duration) *stored { s.time.Store(int64(d)); return s }
func (s *stored) options(secret string) limit.Options {
	return limit.Options{Secret: []byte(secret), Now: s.now, Log: slog.New(slog.NewTextHandler(&s.log, nil))}
}

func (s *stored) Allow(l platform.Limit, key string) (time.Duration, bool) {
	return s.make(s.options("a secret of tests")).Allow(context.Background(), l, key)
}

func (s *stored) burst(l platform.Limit, key string, n int) (passed int) {
	for range n {
		if _, ok := s.Allow(l, key); ok {
			passed++
		}
	}
	return passed
}

// eachStored runs check with both limiters.
func eachStored(t *testing.T, check func(t *testing.T, s *stored)) {
	t.Run("Counted", func(t *testing.T) {
		s := &stored{}
		c := &counts{now: s.now, numbers: map[string]int64{}, expires: map[string]time.Time{}}
		s.make = func(o limit.Options) platform.Limiter { return limit.NewCounted(c, o) }
		s.keys = func() (keys []string) {
			for k := range c.numbers {
				keys = append(keys, k)
			}
			return keys
		}
		check(t, s)
	})
	t.Run("Slots", func(t *testing.T) {
		s := &stored{}
		store := &kv.Memory{Now: s.now}
		s.make = func(o limit.Options) platform.Limiter { return limit.NewSlots(store, o) }
		s.keys = func() []string {
			keys, _, err := store.List(context.Background(), "", "", 100_000)
			if err != nil {
				t.Fatal(err)
			}
			return keys
		}
		check(t, s)
	})
}

func TestStoredSixtyPassAndTheNextDoesNot(t *testing.T) {
	eachStored(t, func(t *testing.T, s *stored) {
		if n := s.burst(perMinute, "a", 60); n != 60 {
			t.Errorf("%d of 60 pass", n)
		}
		wait, ok := s.Allow(perMinute, "a")
		if ok || wait < time.Second || wait > 2*time.Minute {
			t.Errorf("the next one: %v, %v", wait, ok)
		}
		if n := s.burst(perMinute, "b", 60); n != 60 {
			t.Errorf("another client: %d of 60 pass", n)
		}
		if n := s.burst(platform.Limit{Name: "other", Count: 5, Per: time.Minute}, "a", 60); n != 5 {
			t.Errorf("another limit: %d of 5 pass", n)
		}
		other := s.make(s.options("another secret"))
		if _, ok := other.Allow(t.Context(), perMinute, "a"); !ok {
			t.Error("another secret has the names of this one")
		}
	})
}

func TestStoredWindowsEdgeDoesNotDoubleTheLimit(t *testing.T) {
	for _, edge := range []time.Duration{time.Minute, 47 * time.Minute} {
		for _, count := range []int{1, 3, 60} {
			eachStored(t, func(t *testing.T, s *stored) {
				l := platform.Limit{Name: "test", Count: count, Per: time.Minute}
				total := s.at(edge-time.Millisecond).burst(l, "a", count)
				total += s.at(edge).burst(l, "a", count)
				total += s.at(edge+900*time.Millisecond).burst(l, "a", count)
				if total != count {
					t.Errorf("limit %d: %d events passed within a second", count, total)
				}
			})
		}
	}
}

func TestStoredSteadyCallerBelowTheLimitIsNeverRefused(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 7, 31.4, 58, 58.9} {
		for _, offset := range []time.Duration{1, 59 * time.Second} {
			eachStored(t, func(t *testing.T, s *stored) {
				for i := range int(rate*10) + 10 {
					s.at(offset + time.Duration(float64(i)*float64(time.Minute)/rate))
					if wait, ok := s.Allow(perMinute, "a"); !ok {
						t.Fatalf("%v a minute: event %d is refused for %v", rate, i, wait)
					}
				}
			})
		}
	}
}

func TestStoredWhoWaitsAsToldPasses(t *testing.T) {
	eachStored(t, func(t *testing.T, s *stored) {
		random := rand.New(rand.NewPCG(1, 2))
		for round := range 60 {
			l := platform.Limit{Name: "test", Count: 1 + random.IntN(80), Per: time.Duration(1+random.IntN(120)) * time.Second}
			client := fmt.Sprint(round)
			var now time.Duration
			for range 100 {
				now += time.Duration(random.Int64N(int64(l.Per) / int64(l.Count)))
				wait, ok := s.at(now).Allow(l, client)
				if ok {
					continue
				}
				if wait < time.Second || wait > 2*l.Per+time.Second {
					t.Fatalf("%+v: told to wait %v", l, wait)
				}
				now += wait
				if _, ok := s.at(now).Allow(l, client); !ok {
					t.Fatalf("%+v: refused after the %v that were asked for", l, wait)
				}
			}
		}
	})
}

func TestStoredHammeringEndsWithinTwoWindows(t *testing.T) {
	eachStored(t, func(t *testing.T, s *stored) {
		s.burst(perMinute, "a", 1000)
		if n := s.at(2*time.Minute).burst(perMinute, "a", 1); n != 1 {
			t.Error("who was refused often is refused two minutes later")
		}
	})
}

func TestStoredLimitOfNothing(t *testing.T) {
	eachStored(t, func(t *testing.T, s *stored) {
		if wait, ok := s.Allow(platform.Limit{Name: "none", Per: time.Minute}, "a"); ok || wait < time.Second {
			t.Errorf("got %v, %v", wait, ok)
		}
	})
}

// TestStoredNamesNobody: neither the client nor its limit can be read in the store.
func TestStoredNamesNobody(t *testing.T) {
	eachStored(t, func(t *testing.T, s *stored) {
		s.burst(perMinute, "192.0.2.1", 3)
		keys := s.keys()
		if len(keys) != 1 || !strings.HasPrefix(keys[0], "l:v1:") || !kv.ValidKey(keys[0]) || strings.Contains(keys[0], "192") {
			t.Errorf("keys %q", keys)
		}
	})
}

func TestSlotsAreFew(t *testing.T) {
	s := &stored{}
	store := &kv.Memory{Now: s.now}
	s.make = func(o limit.Options) platform.Limiter { return limit.NewSlots(store, o) }
	for i := range 8_000 {
		if n := s.burst(perMinute, fmt.Sprint(i), 1); n != 1 {
			t.Fatalf("client %d is refused", i)
		}
	}
	keys, _, err := store.List(t.Context(), "", "", 1000)
	if err != nil || len(keys) != 64 {
		t.Fatalf("%d records, %v", len(keys), err)
	}
	for _, key := range keys {
		if raw, err := store.Get(t.Context(), key); err != nil || len(raw) != 1537 {
			t.Errorf("%s: %d bytes, %v", key, len(raw), err)
		}
	}
}

// TestSlotsOfWhateverIsStored: damage lets events pass, and is written over.
func TestSlotsOfWhateverIsStored(t *testing.T) {
	for _, raw := range []string{"", "x", "\x01x", "\x01" + strings.Repeat("\xff", 24), "\x01" + strings.Repeat("\x00", 24), strings.Repeat("\x01", 1<<17)} {
		s := &stored{}
		store := fixed{raw}
		s.make = func(o limit.Options) platform.Limiter { return limit.NewSlots(store, o) }
		if n := s.burst(perMinute, "a", 3); n != 3 {
			t.Errorf("%.30q: %d of 3 pass", raw, n)
		}
	}
}

// fixed holds one value under every key.
type fixed struct{ value string }

func (f fixed) Get(context.Context, string) ([]byte, error)          { return []byte(f.value), nil }
func (f fixed) Put(context.Context, string, []byte, time.Time) error { return nil }
func (f fixed) Delete(context.Context, string) error                 { return nil }

// down is a store that fails, after it was waited for when hang is set.
type down struct{ hang bool }

var errDown = errors.New("down")

func (d down) fail(ctx context.Context) error {
	if d.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return errDown
}
func (d down) Get(ctx context.Context, _ string) ([]byte, error)              { return nil, d.fail(ctx) }
func (d down) Put(ctx context.Context, _ string, _ []byte, _ time.Time) error { return d.fail(ctx) }
func (d down) Delete(ctx context.Context, _ string) error                     { return d.fail(ctx) }
func (d down) Count(ctx context.Context, _ string, _ time.Time, _ ...string) ([]int64, error) {
	return nil, d.fail(ctx)
}

func TestAStoreThatFailsLetsEventsPass(t *testing.T) {
	for _, d := range []down{{}, {hang: true}} {
		for name, open := range map[string]func(limit.Options) platform.Limiter{
			"Counted": func(o limit.Options) platform.Limiter { return limit.NewCounted(d, o) },
			"Slots":   func(o limit.Options) platform.Limiter { return limit.NewSlots(d, o) },
		} {
			synctest.Test(t, func(t *testing.T) {
				s := &stored{make: open}
				began := time.Now()
				for range 3 {
					if _, ok := s.Allow(platform.Limit{Name: "test", Count: 1, Per: time.Minute}, "192.0.2.1"); !ok {
						t.Errorf("%s: an event is refused", name)
					}
				}
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("%s: three events took %v", name, took)
				}
				if log := s.log.String(); strings.Count(log, "limit is not kept") != 3 || strings.Contains(log, "192.0.2.1") {
					t.Errorf("%s: logged %q", name, log)
				}
			})
		}
	}
}

// odd is a counter that answers nonsense.
type odd []int64

func (o odd) Count(context.Context, string, time.Time, ...string) ([]int64, error) { return o, nil }

func TestACounterThatAnswersNonsense(t *testing.T) {
	for _, o := range []odd{nil, {1000}, {0, 1000}, {1000, -1}, {1, 2, 3}} {
		s := &stored{make: func(options limit.Options) platform.Limiter { return limit.NewCounted(o, options) }}
		if n := s.burst(perMinute, "a", 1); n != 1 {
			t.Errorf("%v: the event is refused", o)
		}
	}
	s := &stored{make: func(options limit.Options) platform.Limiter { return limit.NewCounted(odd{1 << 62, 1 << 62}, options) }}
	if wait, ok := s.Allow(perMinute, "a"); ok || wait > 2*time.Minute {
		t.Errorf("very many events: %v, %v", wait, ok)
	}
}
