package workershost

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"math/big"

	"github.com/dop251/goja"
)

// cryptoNatives are the natives of crypto.subtle.
func (s *Isolate) cryptoNatives() map[string]any {
	return map[string]any{
		"sha256": func(b goja.ArrayBuffer, offset, length int64) goja.ArrayBuffer {
			sum := sha256.Sum256(b.Bytes()[offset : offset+length])
			return s.vm.NewArrayBuffer(sum[:])
		},
		// importKey takes PKCS #8, or the bytes of a key for HMAC.
		"importKey": func(format, algorithm string, b goja.ArrayBuffer, offset, length int64) any {
			data := append([]byte(nil), b.Bytes()[offset:offset+length]...)
			if format == "raw" && algorithm == "HMAC" {
				return s.vm.ToValue(&signingKey{algorithm, hmacKey(data)})
			}
			if format != "pkcs8" {
				s.throw("Error", "workershost: importKey of format "+format)
			}
			key, err := x509.ParsePKCS8PrivateKey(data)
			if err != nil {
				s.throw("Error", "Invalid PKCS8 input.")
			}
			return s.vm.ToValue(&signingKey{algorithm, key})
		},
		"sign": func(key *signingKey, b goja.ArrayBuffer, offset, length int64) goja.ArrayBuffer {
			out, err := key.sign(b.Bytes()[offset : offset+length])
			if err != nil {
				s.throw("Error", err.Error())
			}
			return s.vm.NewArrayBuffer(out)
		},
	}
}

type hmacKey []byte

// signingKey is a CryptoKey with a usage of sign, for SHA-256.
type signingKey struct {
	algorithm string
	key       any
}

func (k *signingKey) sign(data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	switch key := k.key.(type) {
	case hmacKey:
		m := hmac.New(sha256.New, key)
		m.Write(data)
		return m.Sum(nil), nil
	case *rsa.PrivateKey:
		if k.algorithm == "RSA-PSS" {
			return rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			return nil, err
		}
		size := (key.Curve.Params().BitSize + 7) / 8
		return append(fixed(r, size), fixed(v, size)...), nil
	case ed25519.PrivateKey:
		return ed25519.Sign(key, data), nil
	}
	return nil, errors.New("workershost: sign with " + k.algorithm)
}

func fixed(n *big.Int, size int) []byte { return n.FillBytes(make([]byte, size)) }
