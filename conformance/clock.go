package conformance

import (
	"strings"
	"sync"
	"time"
)

// clock is the world's time: still, unless the case moves it, and years away from
// the machine's, so that a reading of the wrong clock shows.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	real bool
}

func newClock(target Target) *clock {
	if r, ok := target.(RealClock); ok && r.RealClock() {
		return &clock{real: true}
	}
	return &clock{at: time.Now().AddDate(3, 0, 0).Truncate(time.Second)}
}

// Now returns the world's time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real {
		return time.Now()
	}
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logBuffer collects log records.
type logBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// take returns what was written since the last call.
func (l *logBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.buf.String()
	l.buf.Reset()
	return s
}
