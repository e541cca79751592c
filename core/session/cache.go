package session

import (
	"sync"
	"time"
)

// cache keeps the most recently loaded sessions for a short time. An entry that
// says "ended" is not replaced by a load that began before.
type cache struct {
	age time.Duration

	mu      sync.Mutex
	entries map[string]*cached
	// ring holds the keys in order of insertion; next is the oldest.
	ring []string
	next int
}

type cached struct {
	session *Session
	loaded  time.Time
	slot    int
}

func newCache(size int, age time.Duration) *cache {
	return &cache{age: age, entries: map[string]*cached{}, ring: make([]string, 0, min(size, 64)), next: -size}
}

// get returns the entry unless it is too old. A clock that went backwards makes
// an entry too old as well.
func (c *cache) get(ref string, now time.Time) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[ref]; ok && c.fresh(e, now) {
		return e.session
	}
	return nil
}

func (c *cache) fresh(e *cached, now time.Time) bool {
	age := now.Sub(e.loaded)
	return age >= 0 && age < c.age
}

// put stores s and returns what the cache now holds for it.
func (c *cache) put(s *Session, now time.Time) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[s.Ref]; ok {
		if e.session.Ended && c.fresh(e, now) {
			return e.session
		}
		e.session, e.loaded = s, now
		return s
	}
	e := &cached{session: s, loaded: now}
	// While next is negative the ring is still growing.
	if c.next < 0 {
		e.slot = len(c.ring)
		c.ring = append(c.ring, s.Ref)
		c.next++
	} else {
		e.slot = c.next
		delete(c.entries, c.ring[c.next])
		c.ring[c.next] = s.Ref
		c.next = (c.next + 1) % len(c.ring)
	}
	c.entries[s.Ref] = e
	return s
}
