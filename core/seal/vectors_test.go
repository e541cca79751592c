package seal_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"gatehouse/core/seal"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// primitiveVector is an entry of testdata/primitives.json.
type primitiveVector struct {
	Name    string `json:"name"`
	Comment string `json:"comment"`
	Key     string `json:"key"`
	Salt    string `json:"salt"`
	Info    string `json:"info"`
	Length  int    `json:"length"`
	Data    string `json:"data"`
	PRK     string `json:"prk"`
	Expect  string `json:"expect"`
}

func readVectors(t testing.TB, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestPrimitivesGiveThePublishedValues(t *testing.T) {
	var vectors []primitiveVector
	readVectors(t, "testdata/primitives.json", &vectors)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			want := unhex(t, v.Expect)
			if v.PRK == "" {
				m := hmac.New(sha256.New, unhex(t, v.Key))
				m.Write(unhex(t, v.Data))
				if got := m.Sum(nil); !bytes.Equal(got, want) {
					t.Errorf("%s: HMAC is %x", v.Comment, got)
				}
				return
			}
			prk, err := hkdf.Extract(sha256.New, unhex(t, v.Key), unhex(t, v.Salt))
			if err != nil || !bytes.Equal(prk, unhex(t, v.PRK)) {
				t.Errorf("%s: PRK is %x, %v", v.Comment, prk, err)
			}
			okm, err := hkdf.Key(sha256.New, unhex(t, v.Key), unhex(t, v.Salt), string(unhex(t, v.Info)), v.Length)
			if err != nil || !bytes.Equal(okm, want) {
				t.Errorf("%s: OKM is %x, %v", v.Comment, okm, err)
			}
		})
	}
}

// sealedVector is an entry of testdata/sealed.json.
type sealedVector struct {
	Name      string       `json:"name"`
	Comment   string       `json:"comment"`
	Secrets   []string     `json:"secrets"` // hex
	Purpose   seal.Purpose `json:"purpose"`
	Context   string       `json:"context"`
	Sealed    string       `json:"sealed"`
	Plaintext string       `json:"plaintext"`
	Primary   bool         `json:"primary"`
	Expect    string       `json:"expect"` // "success" or "cannot open"
}

func TestStoredFormatStaysReadable(t *testing.T) {
	var vectors []sealedVector
	readVectors(t, "testdata/sealed.json", &vectors)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			var secrets [][]byte
			for _, s := range v.Secrets {
				secrets = append(secrets, unhex(t, s))
			}
			keys, err := seal.NewKeyring(secrets...)
			if err != nil {
				t.Fatal(err)
			}
			plain, primary, err := keys.OpenText(v.Purpose, v.Context, v.Sealed)
			switch v.Expect {
			case "success":
				if err != nil || string(plain) != v.Plaintext || primary != v.Primary {
					t.Errorf("%s: got %q, primary %v, %v", v.Comment, plain, primary, err)
				}
			case "cannot open":
				if err != seal.ErrOpen || plain != nil || primary {
					t.Errorf("%s: got %q, primary %v, %v", v.Comment, plain, primary, err)
				}
			default:
				t.Fatalf("unknown expectation %q", v.Expect)
			}
		})
	}
}
