package refresh

import "sync"

// memorySize bounds what is remembered.
const memorySize = 4096

// memory is the newest generation that this process has seen of each record, and which
// ended, so that a store that is behind changes neither.
type memory struct {
	mu      sync.Mutex
	entries map[string]remembered
	// ring holds the keys of entries; next is the one that gives way.
	ring []string
	next int
}

type remembered struct {
	record *Record
	// unsaved: the store does not have it.
	unsaved bool
	ended   bool
}

func newMemory() *memory { return &memory{entries: map[string]remembered{}} }

func (m *memory) get(ref string) remembered {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[ref]
}

// meet takes note of what the store has and returns the newest that is known, with
// what the store has to be replaced. unsaved says that the store has an older one.
func (m *memory) meet(r *Record) (newest *Record, unsaved, ended bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[r.ref]
	if e.ended {
		return nil, false, true
	}
	if e.record != nil && e.record.Generation >= r.Generation {
		known := *e.record
		known.found, known.first = r.found, r.first
		known.state.holder, known.state.until = r.state.holder, r.state.until
		if r.state.failed.After(known.state.failed) {
			known.state.failed = r.state.failed
		}
		if known.Generation > r.Generation {
			return &known, e.unsaved, false
		}
		r = &known
	}
	m.put(r.ref, remembered{record: r})
	return r, false, false
}

// keep remembers what this process did, unless something newer is remembered.
func (m *memory) keep(r *Record, unsaved bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[r.ref]
	if !e.ended && (e.record == nil || e.record.Generation <= r.Generation) {
		m.put(r.ref, remembered{record: r, unsaved: unsaved})
	}
}

// failed notes that r's refresh token could not be redeemed.
func (m *memory) failed(r *Record) {
	m.keep(r, m.get(r.ref).unsaved)
}

func (m *memory) end(ref string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(ref, remembered{ended: true})
}

// put makes room first. The caller holds mu.
func (m *memory) put(ref string, e remembered) {
	if _, known := m.entries[ref]; !known {
		if len(m.ring) < memorySize {
			m.ring = append(m.ring, ref)
		} else {
			delete(m.entries, m.ring[m.next])
			m.ring[m.next] = ref
			m.next = (m.next + 1) % memorySize
		}
	}
	m.entries[ref] = e
}
