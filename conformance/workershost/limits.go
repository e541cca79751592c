package workershost

import (
	"time"
)

// Limit is the budget of a rate-limit binding.
type Limit struct {
	Count  int
	Period time.Duration
}

// bucket counts events of one key in fixed windows.
type bucket struct {
	window int64
	count  int
}

// limitNative counts an event; it reports whether it is within the budget.
func (s *Isolate) limitNative(binding, key string) bool {
	limit := s.env.Limits[binding]
	b := s.limits[binding+"\x00"+key]
	if b == nil {
		b = &bucket{}
		s.limits[binding+"\x00"+key] = b
	}
	if w := s.clock().UnixNano() / int64(limit.Period); w != b.window {
		b.window, b.count = w, 0
	}
	b.count++
	return b.count <= limit.Count
}
