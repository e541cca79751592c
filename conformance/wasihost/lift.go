package wasihost

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// maxLifted bounds a list that a module hands over.
const maxLifted = 64 << 20

// view returns n bytes of the module's memory. They are shared with the module.
func (in *instance) view(address, n uint32) []byte {
	b, ok := in.memory().Read(address, n)
	if !ok {
		trapf("%d bytes at %#x are outside of the memory", n, address)
	}
	return b
}

func checkAligned(what string, address, align uint32) {
	if address%align != 0 {
		trapf("%s at %#x is not aligned to %d bytes", what, address, align)
	}
}

// liftFlat makes a value of parameters and returns those that it did not need.
func (in *instance) liftFlat(t *typ, flat []uint64) (any, []uint64) {
	switch t.kind {
	case kindU64:
		return flat[0], flat[1:]
	case kindString, kindList:
		return in.liftList(t, uint32(flat[0]), uint32(flat[1])), flat[2:]
	case kindRecord:
		values := make([]any, len(t.fields))
		for i, f := range t.fields {
			values[i], flat = in.liftFlat(f.typ, flat)
		}
		return values, flat
	case kindVariant:
		c := in.liftCase(t, uint32(flat[0]))
		if payload := t.cases[c.number].typ; payload != nil {
			c.value, _ = in.liftFlat(payload, flat[1:])
		}
		return c, flat[len(t.flat()):]
	}
	return in.liftNumber(t, uint64(uint32(flat[0]))), flat[1:]
}

func (in *instance) liftCase(t *typ, number uint32) choice {
	if number >= uint32(len(t.cases)) {
		trapf("case %d of a variant with %d", number, len(t.cases))
	}
	return choice{number: int(number)}
}

// liftNumber makes a value of what fits into one parameter.
func (in *instance) liftNumber(t *typ, n uint64) any {
	switch t.kind {
	case kindBool:
		return n != 0
	case kindU8:
		return uint64(uint8(n))
	case kindU16:
		return uint64(uint16(n))
	case kindOwn:
		return in.table.take(t.resource, uint32(n))
	case kindBorrow:
		return in.table.find(t.resource, uint32(n)).value
	}
	return n
}

// liftList makes a string or list of its address and length.
func (in *instance) liftList(t *typ, address, n uint32) any {
	if t.kind == kindString || t.isBytes() {
		if n > maxLifted {
			trapf("a list of %d bytes", n)
		}
		b := in.view(address, n)
		if t.kind == kindString {
			if !utf8.Valid(b) {
				trapf("the string %q is not UTF-8", b)
			}
			return string(b)
		}
		return bytes.Clone(b)
	}
	if n > maxLifted/t.elem.size() {
		trapf("a list of %d elements", n)
	}
	checkAligned("a list", address, t.elem.align())
	in.view(address, n*t.elem.size())
	values := make([]any, n)
	for i := range values {
		values[i] = in.lift(t.elem, address+uint32(i)*t.elem.size())
	}
	return values
}

// lift reads a value from memory.
func (in *instance) lift(t *typ, address uint32) any {
	switch t.kind {
	case kindString, kindList:
		b := in.view(address, 8)
		return in.liftList(t, binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]))
	case kindRecord:
		values, offset := make([]any, len(t.fields)), uint32(0)
		for i, f := range t.fields {
			offset = alignTo(offset, f.typ.align())
			values[i] = in.lift(f.typ, address+offset)
			offset += f.typ.size()
		}
		return values
	case kindVariant:
		c := in.liftCase(t, uint32(in.view(address, 1)[0]))
		if payload := t.cases[c.number].typ; payload != nil {
			c.value = in.lift(payload, address+t.payload())
		}
		return c
	}
	var b [8]byte
	copy(b[:], in.view(address, t.size()))
	n := binary.LittleEndian.Uint64(b[:])
	if t.kind == kindU64 {
		return n
	}
	return in.liftNumber(t, n)
}
