package jws_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/jws"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keys are one of each kind, by the algorithms they fit.
var keys = sync.OnceValue(func() map[string]crypto.Signer {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{
		"RS256 RS384 RS512 PS256 PS384 PS512": must(rsa.GenerateKey(rand.Reader, 2048)),
		"ES256":                               must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"ES384":                               must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"ES512":                               must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"EdDSA":                               ed,
	}
})

var algorithms = []jws.Algorithm{
	jws.RS256, jws.RS384, jws.RS512, jws.PS256, jws.PS384, jws.PS512, jws.ES256, jws.ES384, jws.ES512, jws.EdDSA,
}

// split takes a compact JWS apart.
func split(t *testing.T, token string) (input string, signature []byte) {
	t.Helper()
	i := strings.LastIndexByte(token, '.')
	return token[:i], must(base64.RawURLEncoding.DecodeString(token[i+1:]))
}

// TestAnotherImplementationAgrees signs with each implementation and verifies with the
// other.
func TestAnotherImplementationAgrees(t *testing.T) {
	for names, key := range keys() {
		for _, name := range strings.Fields(names) {
			t.Run(name, func(t *testing.T) {
				alg := jose.SignatureAlgorithm(name)
				ours := must(jws.Sign(jws.Algorithm(name), key, jws.Header{KeyID: "k<1>", Type: "JWT"}, []byte(`{"a":1}`)))
				theirs := must(jose.ParseSignedCompact(ours, []jose.SignatureAlgorithm{alg}))
				payload, err := theirs.Verify(key.Public())
				if header := theirs.Signatures[0].Protected; err != nil || string(payload) != `{"a":1}` ||
					header.KeyID != "k<1>" || header.ExtraHeaders["typ"] != "JWT" || header.Algorithm != name {
					t.Errorf("%+v, %s, %v", header, payload, err)
				}

				signer := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil))
				token := must(must(signer.Sign([]byte("payload"))).CompactSerialize())
				input, signature := split(t, token)
				if !jws.Verify(jws.Algorithm(name), key.Public(), input, signature) {
					t.Error("their signature is refused")
				}
			})
		}
	}
}

func TestOneSignatureOneMeaning(t *testing.T) {
	for names, key := range keys() {
		name := jws.Algorithm(strings.Fields(names)[0])
		t.Run(string(name), func(t *testing.T) {
			input, signature := split(t, must(jws.Sign(name, key, jws.Header{}, []byte("{}"))))
			for i := range signature {
				changed := slices.Clone(signature)
				changed[i] ^= 1
				if jws.Verify(name, key.Public(), input, changed) {
					t.Errorf("byte %d does not matter", i)
				}
			}
			for what, changed := range map[string][]byte{
				"nothing": nil, "a byte less": signature[1:], "a byte more": append([]byte{0}, signature...),
				"a byte behind": append(slices.Clone(signature), 0), "zeros": make([]byte, len(signature)),
			} {
				if jws.Verify(name, key.Public(), input, changed) {
					t.Errorf("%s is a signature", what)
				}
			}
			if jws.Verify(name, key.Public(), input+"A", signature) {
				t.Error("a signature of another text")
			}
		})
	}
}

// TestAlgorithmsKeepToTheirKeys: no algorithm verifies or signs with a key of another
// (RFC 8725, section 3.1).
func TestAlgorithmsKeepToTheirKeys(t *testing.T) {
	others := append([]jws.Algorithm{"none", "HS256", "", "rs256", "ES256K"}, algorithms...)
	for names, key := range keys() {
		first := jws.Algorithm(strings.Fields(names)[0])
		input, signature := split(t, must(jws.Sign(first, key, jws.Header{}, []byte("{}"))))
		for _, alg := range others {
			fits := slices.Contains(strings.Fields(names), string(alg))
			if alg.Fits(key.Public()) != fits {
				t.Errorf("%s fits a key of %s: %v", alg, names, !fits)
			}
			if token, err := jws.Sign(alg, key, jws.Header{}, nil); (err == nil) != fits || (token != "") != fits {
				t.Errorf("%s signs with a key of %s: %v", alg, names, err)
			}
			if alg != first && jws.Verify(alg, key.Public(), input, signature) {
				t.Errorf("%s verifies a signature of %s", alg, first)
			}
		}
	}
	for _, key := range []crypto.PublicKey{nil, "secret", []byte("secret"), 1, (*int)(nil), keys()["EdDSA"]} {
		for _, alg := range others {
			if alg.Fits(key) || jws.Verify(alg, key, "e30.e30", make([]byte, 64)) {
				t.Errorf("%s verifies with %T", alg, key)
			}
		}
	}
}
