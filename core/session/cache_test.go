package session

import (
	"fmt"
	"testing"
	"time"

	"gatehouse/core/identity"
)

func live(ref string) *Session {
	return &Session{Ref: ref, Record: Record{Version: recordVersion, Identity: &identity.Identity{Subject: "alice"}}}
}

func ended(ref string) *Session {
	return &Session{Ref: ref, Record: Record{Version: recordVersion, Ended: true}}
}

var t0 = time.Unix(1772366400, 0)

func TestTheCacheIsBounded(t *testing.T) {
	const size = 8
	for _, step := range []time.Duration{0, time.Second, 10 * time.Second} {
		c := newCache(size, CacheAge)
		now := t0
		for i := range 100 {
			now = now.Add(step)
			s := live(fmt.Sprint(i % 37))
			if i%5 == 0 {
				s = ended(s.Ref)
			}
			c.put(s, now)
			if len(c.entries) > size || len(c.ring) > size || len(c.entries) != len(c.ring) {
				t.Fatalf("step %v: %d entries, %d places", step, len(c.entries), len(c.ring))
			}
			if got := c.get(s.Ref, now); got == nil || got.Ref != s.Ref {
				t.Fatalf("step %v: what was put last is not there", step)
			}
		}
		seen := map[string]bool{}
		for _, ref := range c.ring {
			if _, ok := c.entries[ref]; !ok || seen[ref] {
				t.Errorf("step %v: the ring is %v", step, c.ring)
			}
			seen[ref] = true
		}
	}
}

func TestTheCacheOfAFewUsersStaysSmall(t *testing.T) {
	c := newCache(1000, CacheAge)
	now := t0
	for i := range 500 {
		now = now.Add(time.Second)
		c.put(live(fmt.Sprint(i)), now)
	}
	if len(c.entries) > 2*int(CacheAge/time.Second) {
		t.Errorf("%d entries for five users at a time", len(c.entries))
	}
}

func TestTheOldestGivesWay(t *testing.T) {
	c := newCache(3, CacheAge)
	for _, ref := range []string{"a", "b", "c", "d"} {
		c.put(live(ref), t0)
	}
	for ref, want := range map[string]bool{"a": false, "b": true, "c": true, "d": true} {
		if got := c.get(ref, t0) != nil; got != want {
			t.Errorf("%s is there: %v", ref, got)
		}
	}
}

func TestWhatTheCacheBelieves(t *testing.T) {
	for _, test := range []struct {
		name  string
		put   []*Session
		at    []time.Duration
		asked time.Duration
		want  string // live, ended or nothing
	}{
		{"fresh", []*Session{live("a")}, []time.Duration{0}, CacheAge - 1, "live"},
		{"too old", []*Session{live("a")}, []time.Duration{0}, CacheAge, "nothing"},
		{"clock back", []*Session{live("a")}, []time.Duration{0}, -1, "nothing"},
		{"ended, much later", []*Session{ended("a")}, []time.Duration{0}, endedFor - 1, "ended"},
		{"ended, clock back", []*Session{ended("a")}, []time.Duration{0}, -time.Hour, "ended"},
		{"ended, no longer in the store either", []*Session{ended("a")}, []time.Duration{0}, endedFor, "nothing"},
		{"end after load", []*Session{live("a"), ended("a")}, []time.Duration{0, 1}, 2, "ended"},
		{"load after end", []*Session{ended("a"), live("a")}, []time.Duration{0, 1}, 2, "ended"},
		{"load that began before the end", []*Session{ended("a"), live("a")}, []time.Duration{time.Minute, 0}, time.Minute, "ended"},
		{"load long after the end", []*Session{ended("a"), live("a")}, []time.Duration{0, endedFor}, endedFor, "live"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCache(4, CacheAge)
			for i, s := range test.put {
				c.put(s, t0.Add(test.at[i]))
			}
			got := "nothing"
			if s := c.get("a", t0.Add(test.asked)); s != nil {
				got = map[bool]string{true: "ended", false: "live"}[s.Ended]
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
