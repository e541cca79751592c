package abi

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// base is where blocks of tests lie.
const base = 0x1000

// memory is a block with what a host writes to it.
type memory struct {
	*Block
	t *testing.T
}

func newMemory(t *testing.T, size int) memory {
	return memory{NewBlock(base, make([]byte, size)), t}
}

// put stores numbers of 1, 4 or 8 bytes at address.
func (m memory) put(address uint32, values ...any) {
	for _, v := range values {
		b, err := binary.Append(nil, binary.LittleEndian, v)
		if err != nil {
			m.t.Fatal(err)
		}
		copy(m.at(address, uint32(len(b))), b)
		address += uint32(len(b))
	}
}

// text stores a string as a host does and returns its address and length.
func (m memory) text(s string) (address, n uint32) {
	address, ok := m.Alloc(1, uint32(len(s)))
	if !ok {
		m.t.Fatal("block is full")
	}
	copy(m.at(address, uint32(len(s))), s)
	return address, uint32(len(s))
}

// problem returns what f panics with.
func problem(f func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	f()
	return nil
}

func refused(t *testing.T, what string, f func()) {
	t.Helper()
	var e *Error
	if !errors.As(problem(f), &e) {
		t.Errorf("%s passes", what)
	}
}

func TestAllocAlignsAndEnds(t *testing.T) {
	t.Parallel()
	b := NewBlock(base, make([]byte, 32))
	for _, c := range []struct{ align, size, want uint32 }{{1, 3, base}, {8, 8, base + 8}, {1, 1, base + 16}, {4, 4, base + 20}, {2, 2, base + 24}} {
		got, ok := b.Alloc(c.align, c.size)
		if !ok || got != c.want {
			t.Errorf("%d bytes at %d: %#x, %v, want %#x", c.size, c.align, got, ok, c.want)
		}
	}
	for _, size := range []uint32{7, 1 << 31, 0xffffffff} {
		if at, ok := b.Alloc(1, size); ok {
			t.Errorf("%d bytes fit at %#x", size, at)
		}
	}
	b.Reset()
	if at, ok := b.Alloc(8, 32); !ok || at != base {
		t.Errorf("after Reset: %#x, %v", at, ok)
	}
}

func TestGrowKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 64)
	at, n := m.text("hello")
	grown, ok := m.Grow(at, n, 8, 16)
	if !ok || grown%8 != 0 || string(m.at(grown, n)) != "hello" {
		t.Errorf("grown to %#x, %v: %q", grown, ok, m.at(grown, n))
	}
	shrunk, ok := m.Grow(at, n, 1, 2)
	if !ok || string(m.at(shrunk, 2)) != "he" {
		t.Errorf("shrunk: %q", m.at(shrunk, 2))
	}
}

func TestWhatHostsReturnIsInsideOfTheBlock(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 64)
	r, _ := m.Alloc(8, ResultSize)
	for _, c := range []struct{ address, n uint32 }{
		{base - 1, 1}, {base + 64, 1}, {base + 60, 5}, {0, 1}, {0xffffffff, 2}, {base, 0xffffffff},
	} {
		m.put(r, c.address, c.n)
		refused(t, "string", func() { _ = m.String(r) })
		refused(t, "bytes", func() { m.Bytes(r) })
		refused(t, "strings", func() { m.Strings(r) })
		refused(t, "fields", func() { m.Fields(r) })
	}
	m.put(r, uint32(0), uint32(0))
	if m.String(r) != "" || len(m.Bytes(r)) != 0 || len(m.Fields(r)) != 0 {
		t.Error("nothing at address 0 is not empty")
	}
	m.put(r, uint8(2))
	refused(t, "an option of 2", func() { m.Some(r) })
	refused(t, "a result of 2", func() { m.Failed(r) })
	at, n := m.text("abc")
	m.put(r, at, n)
	refused(t, "more than was asked for", func() { m.Copy(make([]byte, 2), r) })
	data := make([]byte, 4)
	if got := m.Copy(data, r); string(data[:got]) != "abc" {
		t.Errorf("copied %q", data[:got])
	}
}

func TestListsAreCopied(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 512)
	r, _ := m.Alloc(8, ResultSize)
	list, _ := m.Alloc(4, 2*FieldSize)
	for i, s := range []string{"set-cookie", "a=1", "set-cookie", "b=\xff"} {
		at, n := m.text(s)
		m.put(list+uint32(i)*stringSize, at, n)
	}
	m.put(r, list, uint32(2))
	fields := m.Fields(r)
	if want := []Field{{"set-cookie", "a=1"}, {"set-cookie", "b=\xff"}}; !slices.Equal(fields, want) {
		t.Errorf("fields %q, want %q", fields, want)
	}
	m.put(r, list, uint32(4))
	strs := m.Strings(r)
	if want := []string{"set-cookie", "a=1", "set-cookie", "b=\xff"}; !slices.Equal(strs, want) {
		t.Errorf("strings %q, want %q", strs, want)
	}
	m.put(list, uint32(7), uint32(0xffffffff))
	m.put(r, list, uint32(2))
	if got := m.Numbers(r); !slices.Equal(got, []uint32{7, 0xffffffff}) {
		t.Errorf("numbers %v", got)
	}
	clear(m.bytes)
	if fields[0].Name != "set-cookie" || strs[1] != "a=1" {
		t.Error("results are the host's memory")
	}
}

func TestMethodsAndSchemes(t *testing.T) {
	t.Parallel()
	for i, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "get", ""} {
		d, other := MethodCase(method)
		if want := min(i, 9); int(d) != want || (other != "") != (i > 8 && method != "") {
			t.Errorf("%q is case %d with %q", method, d, other)
		}
		m := newMemory(t, 128)
		r, _ := m.Alloc(8, ResultSize)
		at, n := m.text(other)
		m.put(r, uint8(d))
		m.put(r+VariantString, at, n)
		if got := m.Method(r); got != method {
			t.Errorf("%q comes back as %q", method, got)
		}
	}
	for i, scheme := range []string{"http", "https", "ftp"} {
		d, other := SchemeCase(scheme)
		m := newMemory(t, 128)
		r, _ := m.Alloc(8, ResultSize)
		at, n := m.text(other)
		m.put(r, uint8(d))
		m.put(r+VariantString, at, n)
		if got := m.Scheme(r); got != scheme || int(d) != i {
			t.Errorf("%q comes back as %q", scheme, got)
		}
	}
	m := newMemory(t, 128)
	r, _ := m.Alloc(8, ResultSize)
	m.put(r, uint8(10))
	refused(t, "a tenth method", func() { m.Method(r) })
	refused(t, "a tenth scheme", func() { m.Scheme(r) })
}

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	if len(codes) != 39 {
		t.Fatalf("%d error codes", len(codes))
	}
	for _, c := range []struct {
		discriminant uint8
		detail       uint32 // place of an option<string>; 0: none
		want         string
	}{
		{0, 0, "wasi:http: DNS-timeout"},
		{1, CodePayload, `wasi:http: DNS-error: "why"`},
		{8, 0, "wasi:http: connection-timeout"},
		{14, CodePayload + 4, `wasi:http: TLS-alert-received: "why"`},
		{33, 0, "wasi:http: HTTP-response-timeout"},
		{38, CodePayload, `wasi:http: internal-error: "why"`},
		{38, 0, "wasi:http: internal-error"},
	} {
		m := newMemory(t, 128)
		r, _ := m.Alloc(8, ResultSize)
		m.put(r, c.discriminant)
		if c.detail != 0 {
			at, n := m.text("why")
			m.put(r+c.detail, uint8(1))
			m.put(r+c.detail+OptionString, at, n)
		}
		if got := m.Code(r).Error(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	m := newMemory(t, 1024)
	r, _ := m.Alloc(8, ResultSize)
	m.put(r, uint8(39))
	refused(t, "a fortieth code", func() { m.Code(r) })
	at, n := m.text(strings.Repeat("x", 500))
	m.put(r, uint8(38))
	m.put(r+CodePayload, uint8(1))
	m.put(r+CodePayload+OptionString, at, n)
	if got := m.Code(r).Detail; len(got) != maxDetail {
		t.Errorf("%d bytes of the host's words", len(got))
	}
}

func TestStreamErrors(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 128)
	r, _ := m.Alloc(8, ResultSize)
	m.put(r, uint8(1))
	if got := m.StreamError(r); got != (StreamError{Closed: true}) {
		t.Errorf("closed is %+v", got)
	}
	m.put(r, uint8(0))
	m.put(r+4, uint32(7))
	if got := m.StreamError(r); got != (StreamError{Handle: 7}) {
		t.Errorf("failed is %+v", got)
	}
	m.put(r, uint8(2))
	refused(t, "a third stream-error", func() { m.StreamError(r) })
}
