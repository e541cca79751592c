package devprovider

import "time"

// expiring is a map whose entries end at a time and that holds at most max of them.
// It has no lock of its own.
type expiring[V any] struct {
	max     int
	entries map[string]entry[V]
}

type entry[V any] struct {
	value V
	ends  time.Time
}

func newExpiring[V any](max int) *expiring[V] {
	return &expiring[V]{max, make(map[string]entry[V])}
}

// put stores value under key. When there is no room, ended entries go, and if there
// are none, the one that would have ended first.
func (m *expiring[V]) put(key string, value V, ends time.Time) {
	if _, ok := m.entries[key]; !ok && len(m.entries) >= m.max {
		m.evict(time.Now())
	}
	m.entries[key] = entry[V]{value, ends}
}

func (m *expiring[V]) evict(now time.Time) {
	var first string
	for key, e := range m.entries {
		if !now.Before(e.ends) {
			delete(m.entries, key)
		} else if first == "" || e.ends.Before(m.entries[first].ends) {
			first = key
		}
	}
	if len(m.entries) >= m.max {
		delete(m.entries, first)
	}
}

// get returns the entry unless it has ended, in which case it is removed.
func (m *expiring[V]) get(key string) (entry[V], bool) {
	e, ok := m.entries[key]
	if ok && !time.Now().Before(e.ends) {
		delete(m.entries, key)
		return entry[V]{}, false
	}
	return e, ok
}

// take is get and delete.
func (m *expiring[V]) take(key string) (entry[V], bool) {
	e, ok := m.get(key)
	delete(m.entries, key)
	return e, ok
}

// deleteFunc removes what del says.
func (m *expiring[V]) deleteFunc(del func(V) bool) {
	for key, e := range m.entries {
		if del(e.value) {
			delete(m.entries, key)
		}
	}
}
