package kv_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gatehouse/core/kv"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: start} }

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

func mustPut(t *testing.T, m *kv.Memory, key, value string, expiry time.Time) {
	t.Helper()
	if err := m.Put(t.Context(), key, []byte(value), expiry); err != nil {
		t.Fatal(err)
	}
}

// holds fails unless m has want under key; "" means nothing.
func holds(t *testing.T, m *kv.Memory, key, want string) {
	t.Helper()
	got, err := m.Get(t.Context(), key)
	if string(got) != want || (want == "") != errors.Is(err, kv.ErrNotFound) {
		t.Errorf("%s holds %q, %v, want %q", key, got, err, want)
	}
}

func TestMemoryKeepsUntilExpiry(t *testing.T) {
	c := newClock()
	m := &kv.Memory{Now: c.now}
	holds(t, m, "a", "")
	mustPut(t, m, "a", "1", start.Add(time.Minute))
	mustPut(t, m, "b", "2", start.Add(time.Hour))
	c.add(time.Minute - time.Nanosecond)
	holds(t, m, "a", "1")
	mustPut(t, m, "b", "3", start.Add(time.Hour))
	c.add(time.Nanosecond)
	holds(t, m, "a", "")
	holds(t, m, "b", "3")
	for range 2 {
		if err := m.Delete(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		holds(t, m, "b", "")
	}
}

func TestMemorySharesNoSlices(t *testing.T) {
	m := &kv.Memory{}
	value := []byte("value")
	if err := m.Put(t.Context(), "a", value, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	value[0] = 'X'
	got, _ := m.Get(t.Context(), "a")
	got[1] = 'X'
	holds(t, m, "a", "value")
}

func TestMemoryHonoursTheContext(t *testing.T) {
	m := &kv.Memory{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, get := m.Get(ctx, "a")
	_, _, list := m.List(ctx, "", "", 10)
	for name, err := range map[string]error{
		"get": get, "list": list,
		"put":    m.Put(ctx, "a", []byte("1"), time.Now().Add(time.Hour)),
		"delete": m.Delete(ctx, "a"),
		"swap":   m.Swap(ctx, "a", nil, []byte("1"), time.Now().Add(time.Hour)),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	holds(t, m, "a", "")
}

func TestMemorySwap(t *testing.T) {
	later := start.Add(time.Hour)
	for _, test := range []struct {
		name    string
		before  string
		old     []byte
		passed  time.Duration
		after   string
		wantErr error
	}{
		{"creates what is not there", "", nil, 0, "new", nil},
		{"does not create what is there", "x", nil, 0, "x", kv.ErrConflict},
		{"replaces the expected value", "x", []byte("x"), 0, "new", nil},
		{"does not replace another value", "y", []byte("x"), 0, "y", kv.ErrConflict},
		{"does not replace what is not there", "", []byte("x"), 0, "", kv.ErrConflict},
		{"an expired value is not there", "x", []byte("x"), 2 * time.Hour, "", kv.ErrConflict},
		{"creates over an expired value", "x", nil, 2 * time.Hour, "new", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClock()
			m := &kv.Memory{Now: c.now}
			if test.before != "" {
				mustPut(t, m, "a", test.before, later)
			}
			c.add(test.passed)
			if err := m.Swap(t.Context(), "a", test.old, []byte("new"), c.now().Add(time.Hour)); err != test.wantErr {
				t.Errorf("got %v", err)
			}
			holds(t, m, "a", test.after)
		})
	}
}

func TestMemorySwapsLoseNoUpdate(t *testing.T) {
	m := &kv.Memory{}
	later := time.Now().Add(time.Hour)
	const workers, each = 8, 100
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				for {
					old, err := m.Get(context.Background(), "n")
					n := 0
					if err == nil {
						_, _ = fmt.Sscan(string(old), &n)
					}
					if m.Swap(context.Background(), "n", old, fmt.Append(nil, n+1), later) == nil {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	holds(t, m, "n", fmt.Sprint(workers*each))
}

func TestMemoryListsInPages(t *testing.T) {
	c := newClock()
	m := &kv.Memory{Now: c.now}
	for i := range 25 {
		mustPut(t, m, fmt.Sprintf("s:%02d", i), "x", start.Add(time.Hour))
	}
	mustPut(t, m, "s:expired", "x", start.Add(time.Second))
	mustPut(t, m, "m:other", "x", start.Add(time.Hour))
	c.add(time.Minute)
	for _, limit := range []int{1, 7, 24, 25, 26} {
		var all []string
		cursor := ""
		for pages := 0; ; pages++ {
			keys, next, err := m.List(t.Context(), "s:", cursor, limit)
			if err != nil || len(keys) > limit || pages > 25 {
				t.Fatalf("limit %d: page %d has %d keys, %v", limit, pages, len(keys), err)
			}
			all = append(all, keys...)
			if cursor = next; cursor == "" {
				break
			}
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != 25 || slices.Contains(all, "s:expired") || slices.Contains(all, "m:other") {
			t.Errorf("limit %d: got %v", limit, all)
		}
	}
}

func TestMemorySweepsAsItIsWritten(t *testing.T) {
	c := newClock()
	m := &kv.Memory{Now: c.now}
	for i := range 10_000 {
		mustPut(t, m, fmt.Sprint("a", i), "x", start.Add(time.Second))
	}
	c.add(time.Minute)
	for range 5_000 {
		mustPut(t, m, "b", "x", start.Add(time.Hour))
	}
	if n := kv.CountRecords(m); n > 4097 {
		t.Errorf("%d records are held, nearly all of them expired", n)
	}
}
