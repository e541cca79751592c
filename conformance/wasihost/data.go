package wasihost

import (
	"encoding/binary"
	"slices"
)

// Sections of a WebAssembly module (Core Specification 5.5) that are taken out here.
const (
	dataSection      = 11
	dataCountSection = 12
)

// image is the data of a module as it lies in memory at the start.
type image struct {
	at   uint32
	data []byte
}

// takeData returns module without its data, and the data. Go's linker leaves out runs
// of zeros and so makes thousands of segments; to place them one by one takes longer
// than everything else that starting an instance does, above all under the race
// detector. A module whose data it does not understand is returned as it is.
func takeData(module []byte) (rest []byte, data image) {
	rest = slices.Clone(module[:min(8, len(module))])
	r := reader{rest: module[len(rest):]}
	for len(r.rest) > 0 && !r.bad {
		id := r.byte()
		content := r.bytes(r.number())
		switch id {
		case dataSection:
			start, joint, ok := joined(content)
			if !ok {
				return module, image{}
			}
			data = image{start, joint}
		case dataCountSection:
		default:
			rest = binary.AppendUvarint(append(rest, id), uint64(len(content)))
			rest = append(rest, content...)
		}
	}
	if r.bad {
		return module, image{}
	}
	return rest, data
}

// place copies an image into a memory that nobody else knows yet.
//
//go:norace
func place(memory, data []byte) { copy(memory, data) }

// maxJoined bounds the memory between the first and the last segment.
const maxJoined = 64 << 20

// joined returns the memory that the segments of a data section make.
func joined(section []byte) (start uint32, data []byte, ok bool) {
	type segment struct {
		at   uint32
		data []byte
	}
	r := reader{rest: section}
	var segments []segment
	for range r.number() {
		// Flags 0: active, in memory 0; then i32.const OFFSET end.
		if r.byte() != 0 || r.byte() != 0x41 {
			return 0, nil, false
		}
		at := uint32(r.signed())
		if r.byte() != 0x0B {
			return 0, nil, false
		}
		segments = append(segments, segment{at, r.bytes(r.number())})
	}
	if r.bad || len(segments) == 0 {
		return 0, nil, false
	}
	start = segments[0].at
	for _, s := range segments {
		start = min(start, s.at)
	}
	for _, s := range segments {
		at := int(s.at - start)
		if at > maxJoined {
			return 0, nil, false
		}
		if end := at + len(s.data); end > len(data) {
			data = append(data, make([]byte, end-len(data))...)
		}
		copy(data[at:], s.data)
	}
	return start, data, true
}

// reader reads a module's numbers (LEB128); bad says that they end too early.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) byte() byte {
	b := r.bytes(1)
	if r.bad {
		return 0xFF
	}
	return b[0]
}

func (r *reader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.bytes(uint64(max(size, 1)))
	return n
}

func (r *reader) signed() int32 {
	var n int64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if r.bad || shift > 28 {
			r.bad = true
			return 0
		}
		n |= int64(b&0x7F) << shift
		if b&0x80 == 0 {
			if b&0x40 != 0 {
				n |= -1 << (shift + 7)
			}
			return int32(n)
		}
	}
}
