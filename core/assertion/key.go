package assertion

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// ErrKey: the text is not exactly one PEM private key of a kind that [New] accepts.
var ErrKey = errors.New("assertion: not a PEM private key of P-256 (PKCS#8 or SEC 1) or Ed25519 (PKCS#8)")

// parseKey reads the key and names it by its thumbprint (RFC 7638).
func parseKey(text string) (jose.JSONWebKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block != nil && block.Type == "EC PARAMETERS" {
		// openssl ecparam writes the curve in front of the key.
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return jose.JSONWebKey{}, ErrKey
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
		return jose.JSONWebKey{}, ErrKey
	}
	k := jose.JSONWebKey{Key: parsed, Use: "sig"}
	switch private := parsed.(type) {
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P256() {
			return jose.JSONWebKey{}, ErrKey
		}
		k.Algorithm = string(jose.ES256)
	case ed25519.PrivateKey:
		k.Algorithm = string(jose.EdDSA)
	default:
		return jose.JSONWebKey{}, ErrKey
	}
	thumbprint, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, ErrKey
	}
	k.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return k, nil
}
