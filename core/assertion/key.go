package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"errors"

	"gatehouse/core/jwk"
	"gatehouse/core/jws"
	"gatehouse/core/privatekey"
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
	parsed, err := privatekey.Parse(text)
	if err != nil {
		return key{}, ErrKey
	}
	var k key
	switch private := parsed.(type) {
	case *ecdsa.PrivateKey:
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
