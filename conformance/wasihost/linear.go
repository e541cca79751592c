package wasihost

import (
	"sync"

	"github.com/tetratelabs/wazero/experimental"
)

// recycled makes the memories of instances out of those of earlier ones, which are
// cleared. One that grows within what it has stays where it is.
type recycled struct{ free sync.Pool }

// roomy is what a memory has room for before it is copied to grow.
const roomy = 32 << 20

// Allocate implements [experimental.MemoryAllocator].
func (r *recycled) Allocate(_, _ uint64) experimental.LinearMemory {
	b, _ := r.free.Get().(*[]byte)
	if b == nil {
		fresh := make([]byte, 0, roomy)
		b = &fresh
	}
	return &linear{pool: r, buffer: *b}
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
		empty := l.buffer[:0]
		l.pool.free.Put(&empty)
	}
	l.buffer = nil
}

// erase clears a memory that nobody else knows. The race detector would take longer
// for it than for the rest of a request.
//
//go:norace
func erase(b []byte) { clear(b) }
