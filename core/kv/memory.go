package kv

import (
	"bytes"
	"context"
	"sort"
	"strings"
	"sync"
	"time"
)

// Memory is a driver in process memory, for development, tests and as the
// reference of the contract: linearizable, with conditional writes and listing.
// Expired values are removed as further ones are written. The zero value is an
// empty store that uses time.Now.
type Memory struct {
	// Now is the clock; nil means time.Now. Set it before use.
	Now func() time.Time

	mu      sync.Mutex
	records map[string]memoryRecord
	puts    int
}

type memoryRecord struct {
	value  []byte
	expiry time.Time
}

var (
	_ Driver  = (*Memory)(nil)
	_ Swapper = (*Memory)(nil)
	_ Lister  = (*Memory)(nil)
)

// sweepEvery is the number of writes between removals of what expired.
const sweepEvery = 4096

func (m *Memory) now() time.Time {
	if m.Now == nil {
		return time.Now()
	}
	return m.Now()
}

// live returns the record under key unless it expired. The caller holds mu.
func (m *Memory) live(key string) (memoryRecord, bool) {
	r, ok := m.records[key]
	if ok && !m.now().Before(r.expiry) {
		delete(m.records, key)
		return memoryRecord{}, false
	}
	return r, ok
}

// Get implements [Driver].
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.live(key)
	if !ok {
		return nil, ErrNotFound
	}
	return bytes.Clone(r.value), nil
}

// Put implements [Driver].
func (m *Memory) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, value, expiry)
	return nil
}

func (m *Memory) put(key string, value []byte, expiry time.Time) {
	if m.records == nil {
		m.records = map[string]memoryRecord{}
	}
	m.records[key] = memoryRecord{bytes.Clone(value), expiry}
	if m.puts++; m.puts%sweepEvery == 0 {
		now := m.now()
		for k, r := range m.records {
			if !now.Before(r.expiry) {
				delete(m.records, k)
			}
		}
	}
}

// Delete implements [Driver].
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, key)
	return nil
}

// Swap implements [Swapper].
func (m *Memory) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.live(key)
	if ok != (old != nil) || !bytes.Equal(r.value, old) {
		return ErrConflict
	}
	m.put(key, value, expiry)
	return nil
}

// List implements [Lister]. Keys come in byte order; the cursor is the last one.
func (m *Memory) List(ctx context.Context, prefix, cursor string, limit int) ([]string, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.records {
		if _, ok := m.live(k); ok && strings.HasPrefix(k, prefix) && k > cursor {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	if len(keys) > limit {
		return keys[:limit], keys[limit-1], nil
	}
	return keys, "", nil
}
