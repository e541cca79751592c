package assertion

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"gatehouse/core/jwk"
	"gatehouse/core/jws"
)

// ErrKey: the text is not exactly one PEM private key of a kind that [New] accepts.
var ErrKey = errors.New("assertion: not a PEM private key of P-256 (PKCS#8 or SEC 1) or Ed25519 (PKCS#8)")

// key is a private key with what is published of it.
type key struct {
	private   crypto.Signer
	algorithm jws.Algorithm
	public    jwk.Key
}

// parseKey reads the key and names it by its thumbprint (RFC 7638).
func parseKey(text string) (key, error) {
	block, rest := pem.Decode([]byte(text))
	if block != nil && block.Type == "EC PARAMETERS" {
		// openssl ecparam writes the curve in front of the key.
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return key{}, ErrKey
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		err = ErrKey
	}
	if err != nil {
		return key{}, ErrKey
	}
	var k key
	switch private := parsed.(type) {
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P256() {
			return key{}, ErrKey
		}
		k.private, k.algorithm = private, jws.ES256
	case ed25519.PrivateKey:
		k.private, k.algorithm = private, jws.EdDSA
	default:
		return key{}, ErrKey
	}
	if k.public, err = jwk.Of(k.private.Public()); err != nil {
		return key{}, ErrKey
	}
	k.public.Algorithm, k.public.Use = string(k.algorithm), "sig"
	if k.public.ID, err = k.public.Thumbprint(); err != nil {
		return key{}, ErrKey
	}
	return k, nil
}
