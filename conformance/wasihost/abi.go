package wasihost

import "github.com/tetratelabs/wazero/api"

// The canonical ABI of the component model: how values of the interfaces' types lie
// in a module's memory and in the parameters of its functions.

type kind uint8

const (
	kindBool kind = iota + 1
	kindU8
	kindU16
	kindU32
	kindU64
	kindString
	kindList
	kindRecord  // tuples too
	kindVariant // option, result and enum too
	kindOwn     // the handle of a resource that is given away
	kindBorrow  // the handle of a resource that stays where it is
)

var primitives = map[string]kind{
	"bool": kindBool, "u8": kindU8, "u16": kindU16, "u32": kindU32, "u64": kindU64, "string": kindString,
}

// typ is a type of an interface. In Go its values are: bool; uint64 for every
// number; string; []byte for list<u8>, []any for other lists, records and tuples;
// [choice] for variants; and for handles the object that a table holds.
type typ struct {
	kind     kind
	elem     *typ      // of a list
	fields   []field   // of a record
	cases    []field   // of a variant; a case without payload has no type
	resource *resource // of a handle
}

type field struct {
	name string
	typ  *typ
}

type resource struct{ name string }

// choice is a value of a variant: the number of its case, and the payload.
type choice struct {
	number int
	value  any
}

// none, some, ok and failed are the choices of option and result.
var none = choice{}

func some(v any) choice { return choice{1, v} }

func ok(v any) choice { return choice{0, v} }

func failed(v any) choice { return choice{1, v} }

// optional is some(v), or none if v is "".
func optional(v string) choice {
	if v == "" {
		return none
	}
	return some(v)
}

func (t *typ) isBytes() bool { return t.kind == kindList && t.elem.kind == kindU8 }

func alignTo(n, align uint32) uint32 { return (n + align - 1) &^ (align - 1) }

// align returns the alignment of t in memory.
func (t *typ) align() uint32 {
	switch t.kind {
	case kindBool, kindU8:
		return 1
	case kindU16:
		return 2
	case kindU64:
		return 8
	case kindRecord:
		a := uint32(1)
		for _, f := range t.fields {
			a = max(a, f.typ.align())
		}
		return a
	case kindVariant:
		return max(t.discriminant(), t.payloadAlign())
	}
	return 4
}

// size returns how many bytes t takes in memory.
func (t *typ) size() uint32 {
	switch t.kind {
	case kindBool, kindU8:
		return 1
	case kindU16:
		return 2
	case kindU64, kindString, kindList:
		return 8
	case kindRecord:
		n := uint32(0)
		for _, f := range t.fields {
			n = alignTo(n, f.typ.align()) + f.typ.size()
		}
		return alignTo(n, t.align())
	case kindVariant:
		n := uint32(0)
		for _, c := range t.cases {
			if c.typ != nil {
				n = max(n, c.typ.size())
			}
		}
		return alignTo(t.payload()+n, t.align())
	}
	return 4
}

// discriminant returns the size of the number of a variant's case. No interface has
// a variant of more than 256 cases.
func (t *typ) discriminant() uint32 { return 1 }

func (t *typ) payloadAlign() uint32 {
	a := uint32(1)
	for _, c := range t.cases {
		if c.typ != nil {
			a = max(a, c.typ.align())
		}
	}
	return a
}

// payload returns where the payload of a variant begins.
func (t *typ) payload() uint32 { return alignTo(t.discriminant(), t.payloadAlign()) }

// flat returns the parameters that t becomes.
func (t *typ) flat() (types []api.ValueType) {
	switch t.kind {
	case kindU64:
		return []api.ValueType{api.ValueTypeI64}
	case kindString, kindList:
		return []api.ValueType{api.ValueTypeI32, api.ValueTypeI32}
	case kindRecord:
		for _, f := range t.fields {
			types = append(types, f.typ.flat()...)
		}
		return types
	case kindVariant:
		types = []api.ValueType{api.ValueTypeI32}
		for _, c := range t.cases {
			if c.typ == nil {
				continue
			}
			for i, f := range c.typ.flat() {
				switch i++; {
				case i == len(types):
					types = append(types, f)
				case types[i] != f: // i32 and i64 share a parameter
					types[i] = api.ValueTypeI64
				}
			}
		}
		return types
	}
	return []api.ValueType{api.ValueTypeI32}
}

// signature returns the parameters and results of the import; indirect says that the
// result is stored at an address in the last parameter.
func (f *function) signature() (params, results []api.ValueType, indirect bool) {
	for _, p := range f.params {
		params = append(params, p.typ.flat()...)
	}
	if f.result != nil {
		if results = f.result.flat(); len(results) > 1 {
			return append(params, api.ValueTypeI32), nil, true
		}
	}
	return params, results, false
}
