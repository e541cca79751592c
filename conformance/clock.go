package conformance

import (
	"strings"
	"sync"
	"time"
)

// clock is the world's time: still, unless the case moves it, and years away from
// the machine's, so that a reading of the wrong clock shows.
type clock struct {
	mu sync.Mutex
	at time.Time
	// real says that no case has a hold of it: it is the machine's, unless it runs.
	real bool
	// runs says that a second begins before a reading, and toRun how many more may.
	runs  bool
	toRun int
}

// secondsOfAStep bounds what a clock that runs goes on by in a step: more than the edges
// of seconds that one request meets, less than what the gateway bounds in time.
const secondsOfAStep = 10

func newClock(target Target) *clock {
	c := &clock{at: time.Now().AddDate(3, 0, 0).Truncate(time.Second)}
	if r, ok := target.(RealClock); ok {
		c.real = r.RealClock()
	}
	if r, ok := target.(Running); ok {
		c.runs = r.Running()
	}
	return c
}

// step begins a step of the case.
func (c *clock) step() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.toRun = secondsOfAStep
}

// Now returns the world's time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real && !c.runs {
		return time.Now()
	}
	if c.runs && c.toRun > 0 {
		c.toRun--
		c.at = c.at.Add(time.Second)
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
