package wasihost

import (
	"bytes"
	"testing"
)

// section makes a section of less than 128 bytes.
func section(id byte, content ...byte) []byte {
	return append([]byte{id, byte(len(content))}, content...)
}

func TestJoinSegments(t *testing.T) {
	head := []byte("\x00asm\x01\x00\x00\x00")
	module := func(sections ...[]byte) []byte {
		return append(bytes.Clone(head), bytes.Join(sections, nil)...)
	}
	memory := section(5, 1, 0, 1)
	for _, tt := range []struct {
		name     string
		in, want []byte
	}{
		{"a gap becomes zeros", module(memory, section(12, 2), section(11, 2, 0, 0x41, 0x80, 0x08, 0x0B, 1, 'a', 0, 0x41, 0x83, 0x08, 0x0B, 2, 'b', 'c')),
			module(memory, section(12, 1), section(11, 1, 0, 0x41, 0x80, 0x08, 0x0B, 5, 'a', 0, 0, 'b', 'c'))},
		{"in any order, the later over the earlier", module(memory, section(11, 2, 0, 0x41, 9, 0x0B, 2, 'a', 'b', 0, 0x41, 8, 0x0B, 2, 'c', 'd')),
			module(memory, section(11, 1, 0, 0x41, 8, 0x0B, 3, 'c', 'd', 'b'))},
		{"passive data", module(memory, section(11, 1, 1, 1, 'a')), nil},
		{"an address that is computed", module(memory, section(11, 1, 0, 0x23, 0, 0x0B, 1, 'a')), nil},
		{"cut off", module(memory, []byte{11, 100, 1}), nil},
		{"no data", module(memory), module(memory)},
	} {
		want := tt.want
		if want == nil {
			want = tt.in
		}
		if got := joinSegments(tt.in); !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", tt.name, got, want)
		}
	}
}
