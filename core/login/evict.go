package login

import (
	"slices"
	"time"

	"gatehouse/core/cookie"
)

// evict returns removals for the transactions among lines that no longer open or
// are over, and for the oldest ones beyond what leaves room for one more.
func (t *Transactions) evict(lines []string, fresh string) (removals []string) {
	type open struct {
		name    string
		started time.Time
	}
	var live []open
	seen := map[string]bool{fresh: true}
	cookie.Each(lines, func(name, value string) {
		if !cookie.Tagged(name, t.names.LoginPrefix) || seen[name] {
			return
		}
		seen[name] = true
		if x, ok := t.open(name, value); ok && t.live(x) {
			live = append(live, open{name, x.Started})
			return
		}
		removals = append(removals, t.names.Clear(name))
	})
	slices.SortStableFunc(live, func(a, b open) int { return a.started.Compare(b.started) })
	for len(live) >= MaxOpen {
		removals = append(removals, t.names.Clear(live[0].name))
		live = live[1:]
	}
	return removals
}
