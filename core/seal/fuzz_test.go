package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"gatehouse/core/seal"
)

// What was not sealed here never opens, and what opens is the one text that was.
func FuzzOpen(f *testing.F) {
	keys := keyring(f, 1, 101)
	foreign := keyring(f, 7)
	// Fuzzing runs in several processes, so what opens must be the same in all.
	var vectors []sealedVector
	readVectors(f, "testdata/sealed.json", &vectors)
	golden := vectors[0]
	sealed := golden.Sealed
	f.Add(sealed)
	f.Add(sealed[:len(sealed)-1])
	f.Add(sealed + "=")
	f.Add(foreign.SealText(seal.SessionCookie, golden.Context, []byte("a session id")))
	for _, v := range vectors[1:] {
		f.Add(v.Sealed)
	}
	f.Add("")
	f.Add(strings.Repeat("A", 100))
	f.Fuzz(func(t *testing.T, text string) {
		plain, primary, err := keys.OpenText(golden.Purpose, golden.Context, text)
		switch {
		case err == nil && text != sealed:
			t.Errorf("%q opens", text)
		case err == nil && (string(plain) != golden.Plaintext || !primary):
			t.Errorf("got %q, primary %v", plain, primary)
		case err != nil && (err != seal.ErrOpen || plain != nil || primary):
			t.Errorf("got %q, primary %v, %v", plain, primary, err)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	keys := keyring(f, 1, 101)
	f.Add("context", []byte("value"))
	f.Add("", []byte{})
	f.Add("\x00\xff", bytes.Repeat([]byte{0}, 300))
	f.Fuzz(func(t *testing.T, context string, value []byte) {
		sealed := keys.Seal(seal.Record, context, value)
		if len(sealed) != len(value)+seal.Overhead {
			t.Errorf("%d bytes became %d", len(value), len(sealed))
		}
		plain, primary, err := keys.Open(seal.Record, context, sealed)
		if err != nil || !primary || !bytes.Equal(plain, value) {
			t.Errorf("got %q, primary %v, %v", plain, primary, err)
		}
		if _, _, err := keys.Open(seal.Record, context+"x", sealed); err != seal.ErrOpen {
			t.Errorf("another context: %v", err)
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	keys := keyring(b, 1)
	for _, size := range []struct {
		name  string
		bytes int
	}{{"cookie", 40}, {"record of 2 kB", 2000}} {
		b.Run(size.name, func(b *testing.B) {
			value := make([]byte, size.bytes)
			b.ReportAllocs()
			b.SetBytes(int64(size.bytes))
			for b.Loop() {
				if _, _, err := keys.OpenText(seal.SessionCookie, "name", keys.SealText(seal.SessionCookie, "name", value)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNewKeyring(b *testing.B) {
	secrets := [][]byte{testOnlySecret(1), testOnlySecret(101)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := seal.NewKeyring(secrets...); err != nil {
			b.Fatal(err)
		}
	}
}
