// Package abi is the canonical ABI of the WebAssembly component model as far as the
// interfaces of package wasi need it: where the parts of a value lie in memory, and
// how they become Go values.
//
// It knows memory as a [Block]: bytes with the address of the first. Everything that
// a host returns lies in the block that was offered to it, so that an address
// outside is an error and never a read of foreign memory. Numbers are little endian,
// addresses and lengths have 32 bits (Canonical ABI, "Loading" and "Alignment").
package abi

import (
	"encoding/binary"
	"fmt"
)

// Error is a value that no host may return: an address outside of the block, a case
// that the type does not have. It panics, because nothing sensible can follow; the
// gateway answers 500.
type Error struct{ Problem string }

func (e *Error) Error() string { return "abi: " + e.Problem }

func fail(format string, args ...any) {
	panic(&Error{fmt.Sprintf(format, args...)})
}

// Block is a piece of memory that a call hands to the host: for the result, and for
// what the host allocates to return strings and lists in. It is not safe for
// concurrent use.
type Block struct {
	base  uint32
	bytes []byte
	next  uint32 // offset of the first byte that is free
}

// NewBlock makes a block of bytes whose first one is at address base, a multiple of
// 8.
func NewBlock(base uint32, bytes []byte) *Block {
	return &Block{base: base, bytes: bytes}
}

// Size is the number of bytes of the block.
func (b *Block) Size() int { return len(b.bytes) }

// Reset forgets what was allocated.
func (b *Block) Reset() { b.next = 0 }

// Alloc takes size bytes at a multiple of align, a power of two, and returns their
// address. ok is false when the block is full. It allocates nothing on the heap.
func (b *Block) Alloc(align, size uint32) (address uint32, ok bool) {
	at := (uint64(b.next) + uint64(align) - 1) &^ (uint64(align) - 1)
	if at+uint64(size) > uint64(len(b.bytes)) {
		return 0, false
	}
	b.next = uint32(at) + size
	return b.base + uint32(at), true
}

// Grow is Alloc for what lies at old already, which it copies.
func (b *Block) Grow(old, oldSize, align, size uint32) (address uint32, ok bool) {
	address, ok = b.Alloc(align, size)
	if ok && oldSize > 0 {
		copy(b.at(address, size), b.at(old, min(oldSize, size)))
	}
	return address, ok
}

// at returns the n bytes at address.
func (b *Block) at(address, n uint32) []byte {
	if n == 0 {
		return nil
	}
	if address < b.base || uint64(address-b.base)+uint64(n) > uint64(len(b.bytes)) {
		fail("address %#x with %d bytes is outside of the memory offered", address, n)
	}
	return b.bytes[address-b.base:][:n]
}

// U8 loads a byte, such as a discriminant.
func (b *Block) U8(address uint32) uint8 { return b.at(address, 1)[0] }

// U32 loads a number, handle, length or address.
func (b *Block) U32(address uint32) uint32 { return binary.LittleEndian.Uint32(b.at(address, 4)) }

// U64 loads a number.
func (b *Block) U64(address uint32) uint64 { return binary.LittleEndian.Uint64(b.at(address, 8)) }

// Bytes copies the list<u8> whose address and length are at address.
func (b *Block) Bytes(address uint32) []byte {
	data := b.at(b.U32(address), b.U32(address+4))
	return append(make([]byte, 0, len(data)), data...)
}

// Copy copies the list<u8> whose address and length are at address to dst, which has
// room for it, and returns its length.
func (b *Block) Copy(dst []byte, address uint32) int {
	data := b.at(b.U32(address), b.U32(address+4))
	if len(data) > len(dst) {
		fail("%d bytes where at most %d were asked for", len(data), len(dst))
	}
	return copy(dst, data)
}

// String copies the string whose address and length are at address.
func (b *Block) String(address uint32) string {
	return string(b.at(b.U32(address), b.U32(address+4)))
}

// Strings copies the list<string> at address.
func (b *Block) Strings(address uint32) []string {
	element, n := b.list(address, stringSize)
	list := make([]string, n)
	for i := range list {
		list[i] = b.String(element + uint32(i)*stringSize)
	}
	return list
}

// Numbers copies the list<u32> at address.
func (b *Block) Numbers(address uint32) []uint32 {
	element, n := b.list(address, 4)
	list := make([]uint32, n)
	for i := range list {
		list[i] = b.U32(element + uint32(i)*4)
	}
	return list
}

// list returns the address and number of the elements of a list.
func (b *Block) list(address, size uint32) (first, n uint32) {
	first, n = b.U32(address), b.U32(address+4)
	if uint64(n)*uint64(size) > uint64(len(b.bytes)) {
		fail("list of %d elements", n)
	}
	b.at(first, n*size)
	return first, n
}

// option loads the discriminant of an option or a result: 0 or 1.
func (b *Block) flag(address uint32) bool {
	d := b.U8(address)
	if d > 1 {
		fail("discriminant %d where 0 or 1 must be", d)
	}
	return d == 1
}

// Some reports whether the option at address has a value. The value follows at the
// alignment of its type.
func (b *Block) Some(address uint32) bool { return b.flag(address) }

// Failed reports whether the result at address is an error. What follows lies at the
// greater alignment of the two types.
func (b *Block) Failed(address uint32) bool { return b.flag(address) }
