package wasihost

import (
	"encoding/binary"
	"fmt"
)

// allocate asks the module for memory, as a host does for strings and lists.
func (in *instance) allocate(size, align uint32) uint32 {
	in.lowering = true
	results, err := in.realloc.Call(in.calls, 0, 0, uint64(align), uint64(size))
	in.lowering = false
	if err != nil {
		panic(fmt.Errorf("cabi_realloc for %d bytes: %w", size, err))
	}
	address := uint32(results[0])
	checkAligned("the memory of cabi_realloc", address, align)
	in.view(address, size)
	return address
}

// enter is called before every import. Nothing may be called while a host asks for
// memory, preview 1 included: the instance "may not leave" (canonical ABI).
func (in *instance) enter(name string) {
	if in.lowering {
		trapf("%s is called during cabi_realloc", name)
	}
}

// lowerFlat makes the one result of a function whose result needs no memory.
func (in *instance) lowerFlat(t *typ, v any) uint64 {
	switch t.kind {
	case kindVariant:
		return uint64(v.(choice).number)
	case kindBool:
		if v.(bool) {
			return 1
		}
		return 0
	case kindOwn:
		return uint64(in.table.add(t.resource, v))
	}
	return v.(uint64)
}

// lower writes a value to memory.
func (in *instance) lower(t *typ, v any, address uint32) {
	switch t.kind {
	case kindString:
		in.lowerBytes([]byte(v.(string)), address)
	case kindList:
		if t.isBytes() {
			in.lowerBytes(v.([]byte), address)
			return
		}
		values := v.([]any)
		list := in.allocate(uint32(len(values))*t.elem.size(), t.elem.align())
		for i, e := range values {
			in.lower(t.elem, e, list+uint32(i)*t.elem.size())
		}
		in.lowerNumber(uint64(list), 4, address)
		in.lowerNumber(uint64(len(values)), 4, address+4)
	case kindRecord:
		offset := uint32(0)
		for i, f := range t.fields {
			offset = alignTo(offset, f.typ.align())
			in.lower(f.typ, v.([]any)[i], address+offset)
			offset += f.typ.size()
		}
	case kindVariant:
		c := v.(choice)
		in.lowerNumber(uint64(c.number), 1, address)
		if payload := t.cases[c.number].typ; payload != nil {
			in.lower(payload, c.value, address+t.payload())
		}
	default:
		in.lowerNumber(in.lowerFlat(t, v), t.size(), address)
	}
}

func (in *instance) lowerBytes(b []byte, address uint32) {
	data := in.allocate(uint32(len(b)), 1)
	copy(in.view(data, uint32(len(b))), b)
	in.lowerNumber(uint64(data), 4, address)
	in.lowerNumber(uint64(len(b)), 4, address+4)
}

func (in *instance) lowerNumber(n uint64, size, address uint32) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	copy(in.view(address, size), b[:size])
}
