package kv_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/seal"
)

func keyring(t testing.TB) *seal.Keyring {
	t.Helper()
	keys, err := seal.NewKeyring([]byte("test only secret of 32 or more bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// fake is a driver that never expires anything and fails on demand.
type fake struct {
	values map[string][]byte
	err    error
	ops    int
}

func newFake() *fake { return &fake{values: map[string][]byte{}} }

func (f *fake) Get(_ context.Context, key string) ([]byte, error) {
	f.ops++
	if f.err != nil {
		return nil, f.err
	}
	v, ok := f.values[key]
	if !ok {
		return nil, kv.ErrNotFound
	}
	return bytes.Clone(v), nil
}

func (f *fake) Put(_ context.Context, key string, value []byte, _ time.Time) error {
	f.ops++
	if f.err == nil {
		f.values[key] = bytes.Clone(value)
	}
	return f.err
}

func (f *fake) Delete(_ context.Context, key string) error {
	f.ops++
	delete(f.values, key)
	return f.err
}

func newStore(t testing.TB) (*kv.Store, *fake, *clock) {
	f, c := newFake(), newClock()
	return kv.NewStore(f, keyring(t), c.now), f, c
}

// golden is the envelope of testdata, stored under "s:v1:golden".
func golden(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/envelope.hex")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEnvelopeStaysReadable(t *testing.T) {
	raw := golden(t)
	s, f, _ := newStore(t)
	value, expiry, err := s.Decode("s:v1:golden", raw)
	if err != nil || string(value) != "golden value" || !expiry.Equal(start.Add(time.Hour)) {
		t.Errorf("got %q, %v, %v", value, expiry, err)
	}
	f.values["s:v1:golden"] = raw
	if value, err := s.Get(t.Context(), kv.Sessions, "golden"); err != nil || string(value) != "golden value" {
		t.Errorf("got %q, %v", value, err)
	}
}

func TestStoreKeepsUntilExpiryWhateverTheDriverDoes(t *testing.T) {
	s, f, c := newStore(t)
	if err := s.Put(t.Context(), kv.Sessions, "a", []byte("plain value"), start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(f.values["s:v1:a"], []byte("plain value")) {
		t.Error("the value is stored as it is")
	}
	c.add(time.Minute - time.Millisecond)
	if v, err := s.Get(t.Context(), kv.Sessions, "a"); err != nil || string(v) != "plain value" {
		t.Errorf("before expiry: %q, %v", v, err)
	}
	c.add(time.Millisecond)
	if v, err := s.Get(t.Context(), kv.Sessions, "a"); err != kv.ErrNotFound || v != nil {
		t.Errorf("at expiry: %q, %v", v, err)
	}
	if len(f.values) != 1 {
		t.Error("the driver lost the value, so this test shows nothing")
	}
	if err := s.Delete(t.Context(), kv.Sessions, "a"); err != nil || len(f.values) != 0 {
		t.Errorf("delete: %v, %d left", err, len(f.values))
	}
}

func TestKeysOutsideTheAlphabetReachNoDriver(t *testing.T) {
	for _, test := range []struct {
		name, id string
		valid    bool
	}{
		{"every allowed character", "azAZ09._:-", true},
		{"longest", strings.Repeat("k", kv.MaxKeySize-len(kv.Sessions)), true},
		{"one byte too long", strings.Repeat("k", kv.MaxKeySize-len(kv.Sessions)+1), false},
		{"empty", "", false},
		{"blank", "a b", false}, {"slash", "a/b", false}, {"percent", "a%2e", false}, {"NUL", "a\x00", false},
		{"line break", "a\n", false}, {"beyond ASCII", "ä", false}, {"plus", "a+b", false}, {"at", "a@b", false},
		{"bracket", "a[b", false}, {"backtick", "a`b", false}, {"brace", "a{b", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, f, _ := newStore(t)
			put := s.Put(t.Context(), kv.Sessions, test.id, []byte("v"), start.Add(time.Hour))
			_, get := s.Get(t.Context(), kv.Sessions, test.id)
			del := s.Delete(t.Context(), kv.Sessions, test.id)
			if test.valid && (put != nil || get != nil || del != nil) {
				t.Errorf("got %v, %v, %v", put, get, del)
			}
			if !test.valid && (put != kv.ErrKey || get != kv.ErrKey || del != kv.ErrKey || f.ops != 0) {
				t.Errorf("got %v, %v, %v after %d operations", put, get, del, f.ops)
			}
		})
	}
}

func TestValuesUpToTheLimit(t *testing.T) {
	s, f, _ := newStore(t)
	largest := kv.MaxValueSize - seal.Overhead - 9
	if err := s.Put(t.Context(), kv.Sessions, "a", make([]byte, largest), start.Add(time.Hour)); err != nil {
		t.Errorf("largest: %v", err)
	}
	if n := len(f.values["s:v1:a"]); n != kv.MaxValueSize {
		t.Errorf("the driver was given %d bytes", n)
	}
	ops := f.ops
	if err := s.Put(t.Context(), kv.Sessions, "a", make([]byte, largest+1), start.Add(time.Hour)); err != kv.ErrTooLarge || f.ops != ops {
		t.Errorf("one byte more: %v", err)
	}
}

func TestRecordsThatAreNotTheirOwnAreCorrupt(t *testing.T) {
	s, f, _ := newStore(t)
	if err := s.Put(t.Context(), kv.Sessions, "a", []byte("value"), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	raw := f.values["s:v1:a"]
	corrupt := func(key string, raw []byte) {
		t.Helper()
		f.values[key] = raw
		value, err := s.Get(t.Context(), kv.Use(key[:5]), key[5:])
		if err != kv.ErrCorrupt || value != nil {
			t.Errorf("%s: got %q, %v", key, value, err)
		}
	}
	corrupt("s:v1:b", raw)
	corrupt("m:v1:a", raw)
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 0x40
		corrupt("s:v1:a", changed)
		corrupt("s:v1:a", raw[:i])
	}
	corrupt("s:v1:a", append(bytes.Clone(raw), 0))
	corrupt("s:v1:a", []byte("<null>"))
}

// hanging waits for its context to end.
type hanging struct{ *fake }

func (h hanging) Get(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAStoreThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kv.NewStore(hanging{newFake()}, keyring(t), time.Now)
		began := time.Now()
		_, err := s.Get(t.Context(), kv.Sessions, "a")
		if d := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, kv.ErrNotFound) || d != 5*time.Second {
			t.Errorf("after %v: %v", d, err)
		}
	})
}

func TestDriverErrorsKeepTheirCause(t *testing.T) {
	s, f, _ := newStore(t)
	cause := errors.New("connection lost")
	f.err = cause
	_, get := s.Get(t.Context(), kv.Sessions, "a")
	for name, err := range map[string]error{
		"get":    get,
		"put":    s.Put(t.Context(), kv.Sessions, "a", []byte("v"), start.Add(time.Hour)),
		"delete": s.Delete(t.Context(), kv.Sessions, "a"),
	} {
		if !errors.Is(err, cause) || errors.Is(err, kv.ErrNotFound) || err.Error() != "kv: "+name+": connection lost" {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.err = errors.Join(errors.New("workers"), kv.ErrNotFound)
	if _, err := s.Get(t.Context(), kv.Sessions, "a"); err != kv.ErrNotFound {
		t.Errorf("a wrapped miss became %v", err)
	}
	if s.Driver() != kv.Driver(f) {
		t.Error("Driver is not the driver")
	}
}

// What decodes is a record sealed here, and on an error nothing is released.
func FuzzDecode(f *testing.F) {
	s, _, _ := newStore(f)
	raw := golden(f)
	f.Add("s:v1:golden", raw)
	f.Add("s:v1:b", raw)
	f.Add("s:v1:a", raw[:9])
	f.Add("s:v1:a", []byte{})
	f.Add("s:v1:a", []byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, key string, data []byte) {
		value, expiry, err := s.Decode(key, data)
		if err != nil && (err != kv.ErrCorrupt || value != nil || !expiry.IsZero()) {
			t.Errorf("got %q, %v, %v", value, expiry, err)
		}
		if err == nil && (key != "s:v1:golden" || !bytes.Equal(data, raw)) {
			t.Errorf("%q under %q decodes", data, key)
		}
	})
}
