//go:build wasip1

package main

import "unsafe"

// area is where results are stored; it is aligned to 8 bytes.
var area [16]uint64

func result() uint32 { return uint32(uintptr(unsafe.Pointer(&area))) }

func byteAt(offset int) byte { return (*[128]byte)(unsafe.Pointer(&area))[offset] }

func word(offset int) uint32 { return (*[32]uint32)(unsafe.Pointer(&area))[offset/4] }

// text returns the bytes that a result at offset points to.
func text(offset int) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(uintptr(word(offset)))), word(offset+4)))
}

// address and length of a string are two parameters.
func address(s string) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.StringData(s)))) }

func length(s string) uint32 { return uint32(len(s)) }

// arena is what cabi_realloc hands out, from the start on.
var (
	arena [64 << 10]uint64
	used  uint32
	// misaligned and calling spoil cabi_realloc.
	misaligned, calling bool
)

//go:wasmexport cabi_realloc
func realloc(old, oldSize, align, size uint32) uint32 {
	if calling {
		now()
	}
	base := uint32(uintptr(unsafe.Pointer(&arena)))
	at := (base + used + align - 1) &^ (align - 1)
	if misaligned {
		at++
	}
	used = at - base + size
	return at
}

// scribble writes over what was allocated first.
func scribble() { arena[100]++ }

// at returns the number at an address that the host gave.
func at(address uint32) *uint32 { return (*uint32)(unsafe.Pointer(uintptr(address))) }
