package seal_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"gatehouse/core/seal"
)

func testOnlySecret(fill byte) []byte {
	s := make([]byte, 32)
	for i := range s {
		s[i] = fill + byte(i)
	}
	return s
}

func keyring(t testing.TB, fills ...byte) *seal.Keyring {
	t.Helper()
	var secrets [][]byte
	for _, f := range fills {
		secrets = append(secrets, testOnlySecret(f))
	}
	keys, err := seal.NewKeyring(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// refused fails unless sealed does not open, with nothing released.
func refused(t *testing.T, keys *seal.Keyring, p seal.Purpose, context string, sealed []byte) {
	t.Helper()
	plain, primary, err := keys.Open(p, context, sealed)
	if err != seal.ErrOpen || plain != nil || primary {
		t.Fatalf("got %q, primary %v, %v", plain, primary, err)
	}
}

func TestKeyringRefusesBadSecrets(t *testing.T) {
	for _, test := range []struct {
		name    string
		secrets [][]byte
	}{
		{"no secret", nil},
		{"empty secret", [][]byte{{}}},
		{"one byte short", [][]byte{make([]byte, 31)}},
		{"second one short", [][]byte{testOnlySecret(1), make([]byte, 31)}},
		{"the same twice", [][]byte{testOnlySecret(1), testOnlySecret(2), testOnlySecret(1)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if keys, err := seal.NewKeyring(test.secrets...); err == nil || keys != nil {
				t.Errorf("got %v, %v", keys, err)
			}
		})
	}
}

func TestEverySealIsNew(t *testing.T) {
	keys := keyring(t, 1)
	a, b := keys.Seal(seal.Record, "c", []byte("x")), keys.Seal(seal.Record, "c", []byte("x"))
	if bytes.Equal(a, b) {
		t.Error("the same plaintext sealed twice gave the same bytes")
	}
	if len(a) != 1+seal.Overhead {
		t.Errorf("one byte sealed has %d bytes, want %d", len(a), 1+seal.Overhead)
	}
}

func TestAnyChangedBitIsRefused(t *testing.T) {
	keys := keyring(t, 1, 101)
	sealed := keys.Seal(seal.SessionCookie, "name", []byte("a session id"))
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			refused(t, keys, seal.SessionCookie, "name", changed)
		}
	}
}

func TestAnyOtherLengthIsRefused(t *testing.T) {
	keys := keyring(t, 1)
	sealed := keys.Seal(seal.Record, "k", []byte("some value"))
	for n := range sealed {
		refused(t, keys, seal.Record, "k", sealed[:n])
		refused(t, keys, seal.Record, "k", sealed[n+1:])
	}
	for _, more := range []string{"\x00", "more", string(sealed)} {
		refused(t, keys, seal.Record, "k", append(bytes.Clone(sealed), more...))
	}
	refused(t, keys, seal.Record, "k", nil)
}

func TestKeys(t *testing.T) {
	old := keyring(t, 1)
	sealed := old.Seal(seal.Record, "k", []byte("v"))
	for _, test := range []struct {
		name           string
		keys           *seal.Keyring
		opens, primary bool
	}{
		{"the same secret in another process", keyring(t, 1), true, true},
		{"still the first of two", keyring(t, 1, 50), true, true},
		{"retired behind a new one", keyring(t, 50, 1), true, false},
		{"retired behind two", keyring(t, 50, 99, 1), true, false},
		{"foreign key", keyring(t, 50), false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !test.opens {
				refused(t, test.keys, seal.Record, "k", sealed)
				return
			}
			plain, primary, err := test.keys.Open(seal.Record, "k", sealed)
			if err != nil || string(plain) != "v" || primary != test.primary {
				t.Errorf("got %q, primary %v, %v", plain, primary, err)
			}
		})
	}
}

func TestPurposesAndContextsDoNotMix(t *testing.T) {
	keys := keyring(t, 1)
	purposes := []seal.Purpose{seal.SessionCookie, seal.HandoverCookie, seal.LoginCookie, seal.LogoutState, seal.LoginDemand, seal.LoginState, seal.Record}
	for _, p := range purposes {
		sealed := keys.Seal(p, "context", []byte("v"))
		for _, q := range purposes {
			if p != q {
				refused(t, keys, q, "context", sealed)
			}
		}
		for _, other := range []string{"", "contex", "context ", "Context", "context\x00", "other"} {
			refused(t, keys, p, other, sealed)
		}
	}
}

func TestOnlyTheCanonicalTextOpens(t *testing.T) {
	keys := keyring(t, 1)
	// Two bytes beyond a multiple of three leave unused bits in the last character.
	plain := []byte("xx")
	for (seal.Overhead+len(plain))%3 == 0 {
		plain = append(plain, 'x')
	}
	text := keys.SealText(seal.LoginCookie, "c", plain)
	if got, _, err := keys.OpenText(seal.LoginCookie, "c", text); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("got %q, %v", got, err)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, text[len(text)-1])
	for _, test := range []struct{ name, text string }{
		{"unused bits set", text[:len(text)-1] + string(alphabet[last^1])},
		{"padded", text + "="},
		{"padded twice", text + "=="},
		{"line break inside", text[:9] + "\n" + text[9:]},
		{"carriage return at the end", text + "\r"},
		{"blank in front", " " + text},
		{"quoted", `"` + text + `"`},
		{"standard alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(text + "-")},
		{"percent-encoded", "%41" + text[1:]},
		{"empty", ""},
		{"not base64", "!!!"},
		{"beyond ASCII", text + "é"},
		{"NUL", text + "\x00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, primary, err := keys.OpenText(seal.LoginCookie, "c", test.text)
			if err != seal.ErrOpen || got != nil || primary {
				t.Errorf("got %q, primary %v, %v", got, primary, err)
			}
		})
	}
	if _, err := base64.RawURLEncoding.DecodeString(text); err != nil {
		t.Errorf("not base64url: %v", err)
	}
}

func TestEmptyPlaintext(t *testing.T) {
	keys := keyring(t, 1)
	plain, primary, err := keys.Open(seal.Record, "", keys.Seal(seal.Record, "", nil))
	if err != nil || len(plain) != 0 || !primary {
		t.Errorf("got %q, primary %v, %v", plain, primary, err)
	}
}
