package wasihost

import (
	"sync"

	"github.com/tetratelabs/wazero/experimental"
)

// recycled makes the memories of instances out of those of earlier ones, which are
// cleared. One that grows within what it has stays where it is.
type recycled struct {
	mu   sync.Mutex
	free [][]byte
}

const (
	// roomy is what a memory has room for before it is copied to grow.
	roomy = 16 << 20
	// maxFree is how many memories are kept for later.
	maxFree = 64
)

// Allocate implements [experimental.MemoryAllocator].
func (r *recycled) Allocate(_, _ uint64) experimental.LinearMemory {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.free); n > 0 {
		b := r.free[n-1]
		r.free = r.free[:n-1]
		return &linear{pool: r, buffer: b}
	}
	return &linear{pool: r, buffer: make([]byte, 0, roomy)}
}

// linear is a memory; beyond its length the buffer is zero.
type linear struct {
	pool   *recycled
	buffer []byte
}

// Reallocate implements [experimental.LinearMemory].
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(cap(l.buffer)) {
		grown := make([]byte, size, 2*size)
		copy(grown, l.buffer)
		l.buffer = grown
	}
	l.buffer = l.buffer[:size]
	return l.buffer
}

// Free implements [experimental.LinearMemory].
func (l *linear) Free() {
	if cap(l.buffer) == roomy {
		erase(l.buffer)
		l.pool.mu.Lock()
		if len(l.pool.free) < maxFree {
			l.pool.free = append(l.pool.free, l.buffer[:0])
		}
		l.pool.mu.Unlock()
	}
	l.buffer = nil
}

// erase clears a memory that nobody else knows. The race detector would take longer
// for it than for the rest of a request.
//
//go:norace
func erase(b []byte) { clear(b) }
