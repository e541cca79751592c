//go:build wasip1

package wasi

import (
	"unsafe"

	"gatehouse/adapters/spin/abi"
)

// static serves what is asked for before Go's runtime is up: it calls preview 1 for its
// arguments then, and the adapter of preview 1 allocates its state through
// cabi_realloc, 128 KiB. The rest of it is the block of most calls. It costs no byte of
// the module and no collection.
var static [80 << 10]uint64

var (
	started   bool
	staticLen uint32 // bytes of static that are taken for good
	shared    Call
	// current is the block of the import that is being called.
	current *abi.Block
)

func init() {
	started = true
	base := address(unsafe.Pointer(&static[0]))
	taken := (staticLen + 7) &^ 7
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&static[0])), len(static)*8)
	shared.Block = abi.NewBlock(base+taken, bytes[taken:])
}

// address is where p points, in the 32 bits that hosts use.
func address(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

// realloc gives memory to the host, which may call it only while we call an import.
// It never uses Go's heap: a collection that began here could run another goroutine
// while the host is in the middle of a call.
//
//go:wasmexport cabi_realloc
func realloc(old, oldSize, align, size uint32) uint32 {
	if !started {
		base := address(unsafe.Pointer(&static[0]))
		at := (base+staticLen+align-1)&^(align-1) - base
		if uint64(at)+uint64(size) > uint64(len(static)*8) || oldSize > 0 {
			*(*byte)(nil) = 0
		}
		staticLen = at + size
		return base + at
	}
	if size == 0 {
		return align
	}
	if current == nil {
		panic("wasi: host allocates outside of a call")
	}
	at, ok := current.Grow(old, oldSize, align, size)
	if !ok {
		panic("wasi: host returns more than was asked for")
	}
	return at
}

// Call is memory for one call of an import. Its result is read at once or before
// Release.
type Call struct {
	*abi.Block
	busy bool
	heap []uint64
}

// small is enough for a result without strings or lists, and for an error with its
// text.
const small = 4 << 10

// Begin takes memory of at least size bytes.
func Begin(size int) *Call {
	if !shared.busy && size <= shared.Size() {
		shared.busy = true
		return &shared
	}
	heap := make([]uint64, (size+abi.ResultSize+7)/8)
	p := unsafe.Pointer(unsafe.SliceData(heap))
	return &Call{Block: abi.NewBlock(address(p), unsafe.Slice((*byte)(p), len(heap)*8)), heap: heap}
}

// Enter returns the address for the result of the import that is called next: nothing
// may come between the two.
func (c *Call) Enter() (result uint32) {
	c.Reset()
	result, _ = c.Alloc(8, abi.ResultSize)
	current = c.Block
	return result
}

// Release gives the memory back.
func (c *Call) Release() { c.busy = false }
