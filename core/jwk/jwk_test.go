package jwk_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/jwk"
	"gatehouse/core/strictjson"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// modulus is one of 2048 bits.
var modulus = sync.OnceValue(func() *big.Int { return must(rsa.GenerateKey(rand.Reader, 2048)).N })

// some returns new keys of every kind; the modulus stays.
func some() map[string]interface {
	Equal(crypto.PublicKey) bool
} {
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]interface {
		Equal(crypto.PublicKey) bool
	}{
		"RSA":     &rsa.PublicKey{N: modulus(), E: 65537},
		"RSA e=3": &rsa.PublicKey{N: modulus(), E: 3},
		"P-256":   &must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey,
		"P-384":   &must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)).PublicKey,
		"P-521":   &must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)).PublicKey,
		"Ed25519": ed,
	}
}

// TestAnotherImplementationAgrees writes with each implementation and reads with the
// other, several times, because coordinates may begin with zeros.
func TestAnotherImplementationAgrees(t *testing.T) {
	for range 300 {
		for name, key := range some() {
			theirs := jose.JSONWebKey{Key: key}
			got, err := jwk.Parse(must(strictjson.Parse(must(json.Marshal(theirs)))))
			if err != nil || !key.Equal(got) {
				t.Fatalf("%s: read %v, %v", name, got, err)
			}
			ours := must(jwk.Of(key))
			var back jose.JSONWebKey
			if err := json.Unmarshal(must(json.Marshal(ours)), &back); err != nil || !key.Equal(back.Key) {
				t.Fatalf("%s: wrote %+v, read %v, %v", name, ours, back.Key, err)
			}
			want := base64.RawURLEncoding.EncodeToString(must(theirs.Thumbprint(crypto.SHA256)))
			ours.ID, ours.Use, ours.Algorithm = "id", "sig", "alg"
			if print := must(ours.Thumbprint()); print != want {
				t.Errorf("%s: thumbprint %s, want %s", name, print, want)
			}
		}
	}
}

// TestThumbprint is the example of RFC 7638, section 3.1.
func TestThumbprint(t *testing.T) {
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W" +
		"-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	k := must(jwk.Of(must(jwk.Parse(must(strictjson.Parse(fmt.Appendf(nil, `{"kty":"RSA","n":%q,"e":"AQAB","alg":"RS256","kid":"2011-04-29"}`, n)))))))
	if got := must(k.Thumbprint()); got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Error(got)
	}
}

func TestWhatIsNoKey(t *testing.T) {
	text := base64.RawURLEncoding.EncodeToString
	long := func(bits uint) string { return text(new(big.Int).Lsh(big.NewInt(1), bits-1).Bytes()) }
	point := must(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey.Bytes())
	x, y := text(point[1:33]), text(point[33:])
	ec := func(crv, x, y string) string { return fmt.Sprintf(`{"kty":"EC","crv":%q,"x":%q,"y":%q}`, crv, x, y) }
	for name, c := range map[string]struct {
		jwk string
		ok  bool
	}{
		"nothing":                   {`{}`, false},
		"kty in lower case":         {`{"kty":"rsa","n":"AQAB","e":"AQAB"}`, false},
		"kty is no text":            {`{"kty":1}`, false},
		"symmetric":                 {`{"kty":"oct","k":"AQAB"}`, false},
		"RSA":                       {fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB"}`, long(2048)), true},
		"RSA, largest":              {fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB"}`, long(jwk.MaxBits)), true},
		"RSA, too large":            {fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB"}`, long(jwk.MaxBits+1)), false},
		"RSA without n":             {`{"kty":"RSA","e":"AQAB"}`, false},
		"RSA without e":             {`{"kty":"RSA","n":"AQAB"}`, false},
		"RSA, n empty":              {`{"kty":"RSA","n":"","e":"AQAB"}`, false},
		"RSA, e is 0":               {`{"kty":"RSA","n":"AQAB","e":"AA"}`, false},
		"RSA, e is 1":               {`{"kty":"RSA","n":"AQAB","e":"AQ"}`, false},
		"RSA, largest e":            {`{"kty":"RSA","n":"AQAB","e":"f____w"}`, true},
		"RSA, e too large":          {`{"kty":"RSA","n":"AQAB","e":"gAAAAQ"}`, false},
		"RSA, e is far too large":   {`{"kty":"RSA","n":"AQAB","e":"AQAAAAAAAAAB"}`, false},
		"RSA, padded":               {`{"kty":"RSA","n":"AQAB","e":"Aw=="}`, false},
		"RSA, base64":               {`{"kty":"RSA","n":"+/+/","e":"AQAB"}`, false},
		"P-256":                     {ec("P-256", x, y), true},
		"P-256 under another curve": {ec("P-384", x, y), false},
		"unknown curve":             {ec("secp256k1", x, y), false},
		"P-224":                     {ec("P-224", text(point[1:29]), text(point[29:57])), false},
		"no curve":                  {ec("", x, y), false},
		"not on the curve":          {ec("P-256", y, x), false},
		"the origin":                {ec("P-256", text(make([]byte, 32)), text(make([]byte, 32))), false},
		"coordinate too short":      {ec("P-256", text(point[1:32]), y), false},
		"coordinate too long":       {ec("P-256", text(append([]byte{0}, point[1:33]...)), y), false},
		"without y":                 {ec("P-256", x, ""), false},
		"beyond the field":          {ec("P-256", text(bytes.Repeat([]byte{255}, 32)), y), false},
		"Ed25519":                   {fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, x), true},
		"Ed25519, short":            {fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, text(point[1:32])), false},
		"Ed25519 without x":         {`{"kty":"OKP","crv":"Ed25519"}`, false},
		"X25519":                    {fmt.Sprintf(`{"kty":"OKP","crv":"X25519","x":%q}`, x), false},
	} {
		k, err := jwk.Parse(must(strictjson.Parse([]byte(c.jwk))))
		if (err == nil) != c.ok || (k != nil) != c.ok || err != nil && !errors.Is(err, jwk.ErrKey) {
			t.Errorf("%s: %v, %v", name, k, err)
		}
	}
	for _, key := range []crypto.PublicKey{nil, "key", &must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)).PublicKey} {
		if k, err := jwk.Of(key); !errors.Is(err, jwk.ErrKey) || k != (jwk.Key{}) {
			t.Errorf("%T: %+v, %v", key, k, err)
		}
	}
}
