package wasihost

import (
	"bytes"
	"testing"
)

// section makes a section of less than 128 bytes.
func section(id byte, content ...byte) []byte {
	return append([]byte{id, byte(len(content))}, content...)
}

func TestTakeData(t *testing.T) {
	head := []byte("\x00asm\x01\x00\x00\x00")
	module := func(sections ...[]byte) []byte {
		return append(bytes.Clone(head), bytes.Join(sections, nil)...)
	}
	memory := section(5, 1, 0, 1)
	for _, tt := range []struct {
		name     string
		in, rest []byte
		at       uint32
		data     string
	}{
		{"a gap becomes zeros", module(memory, section(12, 2), section(11, 2, 0, 0x41, 0x80, 0x08, 0x0B, 1, 'a', 0, 0x41, 0x83, 0x08, 0x0B, 2, 'b', 'c')),
			module(memory), 1024, "a\x00\x00bc"},
		{"in any order, the later over the earlier", module(memory, section(11, 2, 0, 0x41, 9, 0x0B, 2, 'a', 'b', 0, 0x41, 8, 0x0B, 2, 'c', 'd')),
			module(memory), 8, "cdb"},
		{"passive data", module(memory, section(11, 1, 1, 1, 'a')), nil, 0, ""},
		{"an address that is computed", module(memory, section(11, 1, 0, 0x23, 0, 0x0B, 1, 'a')), nil, 0, ""},
		{"cut off", module(memory, []byte{11, 100, 1}), nil, 0, ""},
		{"no data", module(memory), nil, 0, ""},
	} {
		want := tt.rest
		if want == nil {
			want = tt.in
		}
		if rest, data := takeData(tt.in); !bytes.Equal(rest, want) || data.at != tt.at || string(data.data) != tt.data {
			t.Errorf("%s: got %x and %q at %d, want %x and %q at %d", tt.name, rest, data.data, data.at, want, tt.data, tt.at)
		}
	}
}
