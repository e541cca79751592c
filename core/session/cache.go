package session

import (
	"sync"
	"time"
)

// cache keeps the sessions loaded lately, for a short time. That a session was
// ended it keeps for as long as the store does, so that a store which is behind
// cannot revive it.
type cache struct {
	size int
	age  time.Duration

	mu      sync.Mutex
	entries map[string]cached
	// ring holds the keys of entries; next is the one that gives way.
	ring []string
	next int
}

type cached struct {
	session *Session
	// loaded is when the load began: what the store said may be as old.
	loaded time.Time
}

func newCache(size int, age time.Duration) *cache {
	return &cache{size: size, age: age, entries: map[string]cached{}}
}

// get returns the entry unless it is too old.
func (c *cache) get(ref string, now time.Time) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[ref]; ok && c.fresh(e, now) {
		return e.session
	}
	return nil
}

// fresh reports whether e may be believed. A clock that went backwards makes a live
// session too old.
func (c *cache) fresh(e cached, now time.Time) bool {
	age := now.Sub(e.loaded)
	if e.session.Ended {
		return age < endedFor
	}
	return age >= 0 && age < c.age
}

// put keeps s, whose load began at loaded, and returns what the cache now holds for
// it: an entry that says "ended" stays.
func (c *cache) put(s *Session, loaded time.Time) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, known := c.entries[s.Ref]
	if known && e.session.Ended && c.fresh(e, loaded) {
		return e.session
	}
	if !known {
		c.makeRoom(s.Ref, loaded)
	}
	c.entries[s.Ref] = cached{s, loaded}
	return s
}

// replace puts newer in the place of older, which stays as old as it is, and returns what
// to use instead of newer: the same generation that another caller was faster with, or
// an entry that says "ended".
func (c *cache) replace(older, newer *Session, now time.Time) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, known := c.entries[newer.Ref]
	switch {
	case !known:
	case e.session == older:
		c.entries[newer.Ref] = cached{newer, e.loaded}
	case e.session.Ended && c.fresh(e, now), e.session.Generation == newer.Generation:
		return e.session
	}
	return newer
}

// makeRoom finds a place in the ring: one whose entry is too old, else a further
// one, else the next. The caller holds mu.
func (c *cache) makeRoom(ref string, now time.Time) {
	if len(c.ring) > 0 && (len(c.ring) == c.size || !c.fresh(c.entries[c.ring[c.next]], now)) {
		delete(c.entries, c.ring[c.next])
		c.ring[c.next] = ref
		c.next = (c.next + 1) % len(c.ring)
		return
	}
	c.ring = append(c.ring, ref)
}
