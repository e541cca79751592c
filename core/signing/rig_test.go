package signing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"sync"
	"testing"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// vectors reads a file of testdata; a field that the test does not know is fatal.
func vectors[T any](t testing.TB, name string) []T {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(must(os.ReadFile("testdata/" + name))))
	d.DisallowUnknownFields()
	var all []T
	if err := d.Decode(&all); err != nil || len(all) == 0 {
		t.Fatalf("%s: %d vectors, error %v", name, len(all), err)
	}
	return all
}

type assertionVector struct {
	Name, Comment, Audience, Expect string
	File                            json.RawMessage
	Issued, Lifetime                int64
}

type keyFileVector struct {
	Name, Comment, Expect, Subject, Expiry string
	Want                                   Kind
	Document                               json.RawMessage
	Raw                                    string
}

func encode(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

// keys stand in the vectors by these names.
var keys = sync.OnceValue(func() *strings.Replacer {
	private := must(rsa.GenerateKey(rand.Reader, 2048))
	pkcs1, pkcs8 := x509.MarshalPKCS1PrivateKey(private), must(x509.MarshalPKCS8PrivateKey(private))
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	p256, p384 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	mismatch := *p256
	mismatch.PublicKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	quoted := func(s string) string { return strings.Trim(string(must(json.Marshal(s))), `"`) }
	return strings.NewReplacer(
		"PKCS1", quoted(encode("RSA PRIVATE KEY", pkcs1)), "PKCS8", quoted(encode("PRIVATE KEY", pkcs8)),
		"CUT", quoted(encode("RSA PRIVATE KEY", pkcs1[:200])), "MISLABELLED", quoted(encode("PRIVATE KEY", pkcs1)),
		"PUBLIC", quoted(encode("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(private.Public())))),
		"P256SEC1", quoted(encode("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256)))),
		"P256", quoted(encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p256)))),
		"MISMATCH", quoted(encode("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(&mismatch)))),
		"P384SEC1", quoted(encode("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p384)))),
		"P384", quoted(encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p384)))),
		"P521", quoted(encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)))))),
		"ED25519", quoted(encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ed)))),
		"RSA1024", quoted(encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small))),
	)
})

func (v keyFileVector) data() []byte {
	if v.Raw != "" || v.Document == nil {
		return []byte(v.Raw)
	}
	return []byte(keys().Replace(string(v.Document)))
}
