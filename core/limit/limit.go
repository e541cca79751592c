// Package limit is the limiter for platforms without one of their own: sliding
// windows in process memory, bounded.
package limit

import (
	"context"
	"sync"
	"time"

	"gatehouse/core/platform"
)

// maxKeys bounds the counters kept at once. When it is reached the older half of
// the windows is forgotten, which lets events pass that should not have.
const maxKeys = 20_000

// Memory counts events in two neighbouring fixed windows and weighs the earlier
// one by how much of it the sliding window still covers. Any window-long interval
// passes at most Count events, as long as they arrive evenly in the earlier one.
// Make one with [NewMemory]; it is safe for concurrent use.
type Memory struct {
	now func() time.Time

	mu      sync.Mutex
	windows map[string]window
}

type window struct {
	start    time.Time
	current  int
	previous int
}

var _ platform.Limiter = (*Memory)(nil)

// NewMemory makes a limiter that goes by now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, windows: map[string]window{}}
}

// Allow implements [platform.Limiter]. Refused events are not counted.
func (m *Memory) Allow(_ context.Context, l platform.Limit, key string) (time.Duration, bool) {
	now := m.now()
	key = l.Name + " " + key
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.windows[key].at(now, l.Per)
	left := l.Per - now.Sub(w.start)
	carried := float64(w.previous) * float64(left) / float64(l.Per)
	if carried+float64(w.current)+1 > float64(l.Count) {
		m.windows[key] = w
		return m.wait(w, l, left), false
	}
	w.current++
	if _, known := m.windows[key]; !known && len(m.windows) >= maxKeys {
		m.forget(now, l.Per)
	}
	m.windows[key] = w
	return 0, true
}

// wait is when one more event fits: as the earlier window slides out, or in the
// next one.
func (m *Memory) wait(w window, l platform.Limit, left time.Duration) time.Duration {
	if w.previous > 0 && w.current < l.Count {
		room := float64(l.Count - w.current - 1)
		if at := l.Per - time.Duration(room/float64(w.previous)*float64(l.Per)); at >= 0 {
			elapsed := l.Per - left
			if d := at - elapsed; d > 0 && d < left {
				return max(d, time.Second)
			}
		}
	}
	return max(left, time.Second)
}

// at is the window that covers now.
func (w window) at(now time.Time, per time.Duration) window {
	age := now.Sub(w.start)
	switch {
	case w.start.IsZero() || age < 0 || age >= 2*per:
		return window{start: now}
	case age >= per:
		return window{start: w.start.Add(per), previous: w.current}
	}
	return w
}

func (m *Memory) forget(now time.Time, per time.Duration) {
	for k, w := range m.windows {
		if now.Sub(w.start) >= 2*per {
			delete(m.windows, k)
		}
	}
	if len(m.windows) < maxKeys {
		return
	}
	n := 0
	for k := range m.windows {
		if n++; n > maxKeys/2 {
			return
		}
		delete(m.windows, k)
	}
}
