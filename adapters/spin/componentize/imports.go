package componentize

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// importSection is the id of a module's import section (WebAssembly Core
// Specification, section 5.5).
const importSection = 2

var errModule = errors.New("componentize: not a WebAssembly module")

// distinctImports returns module with a name of its own for every import: Go imports
// some functions once for its runtime and once more for package syscall, which the
// component model does not know. The second one gets ".2" behind its name, and so on;
// preview1.wat exports it under both.
func distinctImports(module []byte) ([]byte, error) {
	const header = 8
	if len(module) < header || string(module[:4]) != "\x00asm" {
		return nil, errModule
	}
	out := slices.Clone(module[:header])
	rest := reader{module[header:]}
	for len(rest.bytes) > 0 {
		id, err := rest.byte()
		if err != nil {
			return nil, err
		}
		content, err := rest.vector()
		if err != nil {
			return nil, err
		}
		if id == importSection {
			if content, err = rename(content); err != nil {
				return nil, err
			}
		}
		out = append(out, id)
		out = binary.AppendUvarint(out, uint64(len(content)))
		out = append(out, content...)
	}
	return out, nil
}

// rename does it in the content of an import section.
func rename(content []byte) ([]byte, error) {
	r := reader{content}
	n, err := r.number()
	if err != nil {
		return nil, err
	}
	out := binary.AppendUvarint(nil, n)
	seen := map[string]int{}
	for range n {
		module, err := r.vector()
		if err != nil {
			return nil, err
		}
		name, err := r.vector()
		if err != nil {
			return nil, err
		}
		kind, err := r.byte()
		if err != nil {
			return nil, err
		}
		if kind != 0 {
			return nil, fmt.Errorf("componentize: import %s %s is not a function", module, name)
		}
		index, err := r.number()
		if err != nil {
			return nil, err
		}
		key := string(module) + "\x00" + string(name)
		if seen[key]++; seen[key] > 1 {
			name = append(slices.Clone(name), "."+strconv.Itoa(seen[key])...)
		}
		out = appendVector(appendVector(out, module), name)
		out = binary.AppendUvarint(append(out, kind), index)
	}
	if len(r.bytes) > 0 {
		return nil, errModule
	}
	return out, nil
}

func appendVector(out, v []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(v))), v...)
}

// reader reads the binary format; what ends early is errModule.
type reader struct{ bytes []byte }

func (r *reader) byte() (byte, error) {
	if len(r.bytes) == 0 {
		return 0, errModule
	}
	b := r.bytes[0]
	r.bytes = r.bytes[1:]
	return b, nil
}

// number reads an unsigned LEB128.
func (r *reader) number() (uint64, error) {
	n, size := binary.Uvarint(r.bytes)
	if size <= 0 {
		return 0, errModule
	}
	r.bytes = r.bytes[size:]
	return n, nil
}

// vector reads a length and as many bytes.
func (r *reader) vector() ([]byte, error) {
	n, err := r.number()
	if err != nil || n > uint64(len(r.bytes)) {
		return nil, errModule
	}
	v := r.bytes[:n]
	r.bytes = r.bytes[n:]
	return v, nil
}
