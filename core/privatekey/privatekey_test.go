package privatekey

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oracle is what crypto/x509 says of the same text.
func oracle(text string) any {
	block, rest := pem.Decode([]byte(text))
	if block != nil && block.Type == "EC PARAMETERS" {
		block, _ = pem.Decode(rest)
	}
	if block == nil {
		return nil
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	if err != nil {
		return nil
	}
	return key
}

// compare fails when text is accepted and crypto/x509 does not read the same key from it; it
// returns the key.
func compare(t *testing.T, text string) crypto.Signer {
	t.Helper()
	got, err := Parse(text)
	if err != nil {
		if got != nil || !errors.Is(err, ErrKey) {
			t.Fatalf("key %T with error %v", got, err)
		}
		return nil
	}
	equal, ok := got.(interface{ Equal(crypto.PrivateKey) bool })
	if want := oracle(text); !ok || want == nil || !equal.Equal(want) {
		t.Fatalf("accepted %T, crypto/x509 reads %T:\n%s", got, want, text)
	}
	return got
}

func write(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	rsaKey     = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey      = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, edKey   = must2(ed25519.GenerateKey(rand.Reader))
	marshalled = map[string]string{
		"pkcs1":         write("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)),
		"pkcs8 rsa":     write("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rsaKey))),
		"sec1":          write("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey))),
		"pkcs8 ec":      write("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ecKey))),
		"pkcs8 ed25519": write("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(edKey))),
	}
)

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

// accepted are the marshalled keys and those of testdata, which openssl wrote.
func accepted(t testing.TB) map[string]string {
	texts := map[string]string{}
	for name, text := range marshalled {
		texts[name] = text
	}
	files, err := filepath.Glob("testdata/*.pem")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		texts[filepath.Base(file)] = string(must(os.ReadFile(file)))
	}
	return texts
}

func TestKeys(t *testing.T) {
	for name, text := range accepted(t) {
		t.Run(name, func(t *testing.T) {
			if compare(t, text) == nil {
				t.Error("refused")
			}
			if compare(t, "\n"+text+" \n") == nil {
				t.Error("refused with white space around it")
			}
			for _, more := range []string{text, "x"} {
				if key, err := Parse(text + more); key != nil || !errors.Is(err, ErrKey) {
					t.Errorf("accepted with %.20q after it", more)
				}
			}
		})
	}
}

// TestDamage cuts and flips every key's bytes. Cut keys are refused, and so is every damaged key
// of RSA and every damaged P-256 key that is written with its public key; of others another key
// may remain, but none that crypto/x509 does not read.
func TestDamage(t *testing.T) {
	for name, text := range accepted(t) {
		t.Run(name, func(t *testing.T) {
			block, rest := pem.Decode([]byte(text))
			if block.Type == "EC PARAMETERS" {
				block, _ = pem.Decode(rest)
			}
			key, _ := Parse(text)
			for n := range block.Bytes {
				if compare(t, write(block.Type, block.Bytes[:n])) != nil {
					t.Fatalf("accepted %d of %d bytes", n, len(block.Bytes))
				}
			}
			if compare(t, write(block.Type, append(bytes.Clone(block.Bytes), 0))) != nil {
				t.Error("accepted a byte more")
			}
			step := 1
			if _, ok := key.(*rsa.PrivateKey); ok {
				step = 7 // of 8 bits in turn: each takes a check of the primes
			}
			for bit := 0; bit < 8*len(block.Bytes); bit += step {
				flipped := bytes.Clone(block.Bytes)
				flipped[bit/8] ^= 1 << (bit % 8)
				other := compare(t, write(block.Type, flipped))
				if _, ok := key.(ed25519.PrivateKey); other != nil && !ok && !strings.Contains(name, "bare") {
					equal := key.(interface{ Equal(crypto.PrivateKey) bool })
					if !equal.Equal(other) {
						t.Fatalf("bit %d makes another key", bit)
					}
				}
			}
		})
	}
}

type (
	element    = asn1.RawValue
	algorithm  struct{ A, B any }
	structured struct {
		Version int
		Algo    any
		Key     []byte
	}
)

// TestRefused are keys that are well-formed and not acceptable.
func TestRefused(t *testing.T) {
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))
	wrong := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	mixed := *ecKey
	mixed.PublicKey = wrong.PublicKey
	ed := asn1.ObjectIdentifier{1, 3, 101, 112}
	seed := must(asn1.Marshal([]byte(edKey.Seed())))
	pkcs8 := func(version int, algo any, key []byte) string {
		return write("PRIVATE KEY", must(asn1.Marshal(structured{version, algo, key})))
	}
	only := struct{ A asn1.ObjectIdentifier }{ed}
	if compare(t, pkcs8(1, only, seed)) == nil {
		t.Error("version 1 is refused: the other rows prove nothing")
	}
	for name, text := range map[string]string{
		"empty":                    "",
		"no pem":                   "key",
		"public key":               write("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&ecKey.PublicKey))),
		"encrypted":                write("ENCRYPTED PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ecKey))),
		"p-384 of pkcs8":           write("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p384))),
		"p-384 of sec1":            write("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p384))),
		"x25519":                   write("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(x25519))),
		"another's public key":     write("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(&mixed))),
		"sec1 as pkcs1":            write("RSA PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey))),
		"sec1 as pkcs8":            write("PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey))),
		"parameters only":          write("EC PARAMETERS", []byte("\x06\x08"+oidP256)),
		"version 2":                pkcs8(2, only, seed),
		"negative version":         pkcs8(-1, only, seed),
		"parameters of ed25519":    pkcs8(0, algorithm{ed, asn1.NullRawValue}, seed),
		"short seed":               pkcs8(0, only, seed[:len(seed)-1]),
		"seed without its string":  pkcs8(0, only, edKey.Seed()),
		"rsa without parameters":   pkcs8(0, struct{ A asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}}, x509.MarshalPKCS1PrivateKey(rsaKey)),
		"scalar zero":              sec1(make([]byte, 32)),
		"scalar of the order":      sec1(elliptic.P256().Params().N.Bytes()),
		"scalar of 33 bytes":       sec1(append([]byte{1}, make([]byte, 32)...)),
		"longer than 64 KiB":       strings.Repeat("\n", maxText) + marshalled["sec1"],
		"an element after the key": sec1(must(ecKey.Bytes()), element{Class: 2, Tag: 2, IsCompound: true}),
	} {
		if key, err := Parse(text); key != nil || !errors.Is(err, ErrKey) {
			t.Errorf("%s: key %T, error %v", name, key, err)
		}
	}
	d := must(ecKey.Bytes())
	for name, text := range map[string]string{"bare": sec1(d), "a leading zero": sec1(append([]byte{0}, d...)), "a short scalar": sec1([]byte{3})} {
		if compare(t, text) == nil {
			t.Errorf("%s: refused", name)
		}
	}
}

// sec1 writes an ECPrivateKey without a public key.
func sec1(scalar []byte, more ...element) string {
	curve := element{Class: 2, Tag: 0, IsCompound: true, Bytes: []byte("\x06\x08" + oidP256)}
	fields := append([]any{1, scalar, curve}, func() (rest []any) {
		for _, e := range more {
			rest = append(rest, e)
		}
		return rest
	}()...)
	var body []byte
	for _, f := range fields {
		body = append(body, must(asn1.Marshal(f))...)
	}
	return write("EC PRIVATE KEY", must(asn1.Marshal(element{Tag: asn1.TagSequence, IsCompound: true, Bytes: body})))
}

func FuzzParse(f *testing.F) {
	kinds := []string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"}
	for _, text := range accepted(f) {
		block, _ := pem.Decode([]byte(text))
		for i, kind := range kinds {
			if kind == block.Type {
				f.Add(block.Bytes, uint8(i))
			}
		}
	}
	f.Fuzz(func(t *testing.T, der []byte, kind uint8) {
		compare(t, write(kinds[int(kind)%len(kinds)], der))
	})
}
