package introspection

import (
	"container/list"
	"sync"
	"time"
)

// Limits of what one process keeps.
const (
	maxEntries = 10_000
	// maxBytes bounds the answers behind the entries.
	maxBytes = 32 << 20
	// maxAnswer is the longest answer that is kept, here or in the store.
	maxAnswer = 64 << 10
)

// entry is what is known about one token: a result or an error. It is read-only.
type entry struct {
	result *Result
	err    error
	// made is when it was put; earlier, after the clock was set back, it is not used.
	made, until time.Time
	size        int
}

// memory keeps a bounded number of entries; the oldest gives way.
type memory struct {
	max, maxBytes int

	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // of *place, oldest first
	bytes int
}

type place struct {
	key string
	*entry
}

// newMemory makes a memory of so many entries and, unless maxBytes is 0, bytes.
func newMemory(max, maxBytes int) *memory {
	return &memory{max: max, maxBytes: maxBytes, byKey: map[string]*list.Element{}, order: list.New()}
}

// get returns the entry of key, or nil when there is none that is good now.
func (m *memory) get(key string, now time.Time) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, ok := m.byKey[key]
	if !ok {
		return nil
	}
	e := element.Value.(*place).entry
	if now.Before(e.made) || !now.Before(e.until) {
		return nil
	}
	return e
}

// put keeps e instead of what was there, and drops what is over or too much.
func (m *memory) put(key string, e *entry, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(m.byKey[key])
	m.byKey[key] = m.order.PushBack(&place{key, e})
	m.bytes += e.size
	for first := m.order.Front(); first != nil; first = m.order.Front() {
		over := !now.Before(first.Value.(*place).until)
		if !over && m.order.Len() <= m.max && (m.maxBytes == 0 || m.bytes <= m.maxBytes) {
			return
		}
		m.remove(first)
	}
}

func (m *memory) drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(m.byKey[key])
}

// clear drops everything.
func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.byKey)
	m.order.Init()
	m.bytes = 0
}

// remove takes an element out, if there is one. The caller holds mu.
func (m *memory) remove(element *list.Element) {
	if element == nil {
		return
	}
	p := m.order.Remove(element).(*place)
	delete(m.byKey, p.key)
	m.bytes -= p.size
}
