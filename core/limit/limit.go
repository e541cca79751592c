// Package limit has the limiters for platforms without one of their own: sliding
// windows, bounded, in process memory ([Memory]) or, where instances remember nothing,
// in a store that can count ([Counted]) or cannot ([Slots]).
package limit

import (
	"context"
	"sync"
	"time"

	"gatehouse/core/platform"
)

// maxKeys bounds the windows kept at once. When it is reached those that were not
// used lately are forgotten, which lets events pass that should not have.
const maxKeys = 20_000

// Memory counts events in two neighbouring fixed windows and weighs the earlier
// one by how much of it the sliding window still covers. Any window-long interval
// passes at most Count events, as long as they arrive evenly in the earlier one; a
// caller that keeps a steady pace below the limit is never refused. Make one with
// [NewMemory]; it is safe for concurrent use.
type Memory struct {
	now func() time.Time

	mu sync.Mutex
	// young holds the windows used since it was last begun anew, old those used
	// in the time before that.
	young, old map[string]window
}

type window struct {
	start    time.Time
	current  int
	previous int
}

var _ platform.Limiter = (*Memory)(nil)

// NewMemory makes a limiter that goes by now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, young: map[string]window{}}
}

// Allow implements [platform.Limiter]. Refused events are not counted. A clock that
// goes back by less than the window counts as standing still.
func (m *Memory) Allow(_ context.Context, l platform.Limit, key string) (time.Duration, bool) {
	key = l.Name + " " + key
	m.mu.Lock()
	defer m.mu.Unlock()
	w, left := m.window(key).at(m.now(), l.Per)
	carried := int(int64(w.previous) * int64(left) / int64(l.Per))
	allowed := carried+w.current < l.Count
	if allowed {
		w.current++
	}
	m.keep(key, w)
	if allowed {
		return 0, true
	}
	return max(w.wait(l, left), time.Second), false
}

// at is the window that covers now and what is left of it.
func (w window) at(now time.Time, per time.Duration) (window, time.Duration) {
	age := now.Sub(w.start)
	switch {
	case w.start.IsZero() || age <= -per || age >= 2*per:
		return window{start: now}, per
	case age >= per:
		return window{start: w.start.Add(per), previous: w.current}, 2*per - age
	}
	return w, min(per-age, per)
}

// wait is when one more event fits: in this window as the earlier one slides out,
// or in the next one.
func (w window) wait(l platform.Limit, left time.Duration) time.Duration {
	// fits is how much of a window may be left when the one before it had n events
	// and room are to be free.
	fits := func(n, room int) time.Duration {
		return time.Duration((int64(room)*int64(l.Per) - 1) / int64(n))
	}
	switch room := l.Count - w.current; {
	case room > 0 && w.previous > 0:
		return left - fits(w.previous, room)
	case w.current > 0:
		return left + l.Per - fits(w.current, l.Count)
	}
	return l.Per
}

// window returns what is known of key. The caller holds mu.
func (m *Memory) window(key string) window {
	if w, ok := m.young[key]; ok {
		return w
	}
	return m.old[key]
}

// keep remembers w and forgets what is old when there is too much. The caller holds
// mu.
func (m *Memory) keep(key string, w window) {
	if _, ok := m.young[key]; !ok && len(m.young) >= maxKeys/2 {
		m.young, m.old = make(map[string]window), m.young
	}
	m.young[key] = w
}
