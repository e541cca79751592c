// Package jws signs and verifies compact JSON Web Signatures (RFC 7515) with the
// public-key algorithms of RFC 7518, section 3.1, and RFC 8037. "none" and shared
// secrets are no algorithms here.
//
// The signatures themselves are made and checked by a library; what may be signed or
// believed, and by which key, is the caller's decision.
package jws

import (
	"crypto"
	_ "crypto/sha256" // RS256, PS256, ES256
	_ "crypto/sha512" // the others
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithm is the value of alg.
type Algorithm string

// The algorithms; their keys are of the types that [Verify] and [Sign] name.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	EdDSA Algorithm = "EdDSA"
)

// method returns the library's form of a, nil for what is none.
func (a Algorithm) method() jwt.SigningMethod {
	switch a {
	case RS256:
		return jwt.SigningMethodRS256
	case RS384:
		return jwt.SigningMethodRS384
	case RS512:
		return jwt.SigningMethodRS512
	case PS256:
		return jwt.SigningMethodPS256
	case PS384:
		return jwt.SigningMethodPS384
	case PS512:
		return jwt.SigningMethodPS512
	case ES256:
		return jwt.SigningMethodES256
	case ES384:
		return jwt.SigningMethodES384
	case ES512:
		return jwt.SigningMethodES512
	case EdDSA:
		return jwt.SigningMethodEdDSA
	}
	return nil
}

// Verify reports whether signature is that of key over input, the token's first two
// parts with the dot between them. key is an *rsa.PublicKey, *ecdsa.PublicKey or
// ed25519.PublicKey; one of another type, or of a curve that is not the algorithm's,
// made no signature.
func Verify(a Algorithm, key crypto.PublicKey, input string, signature []byte) bool {
	m := a.method()
	return m != nil && a.Fits(key) && m.Verify(input, signature, key) == nil
}

// Header is what [Sign] writes besides the algorithm; empty members are left out.
type Header struct {
	KeyID, Type string
}

// Sign returns the compact form of payload, signed. key is an *rsa.PrivateKey,
// *ecdsa.PrivateKey or ed25519.PrivateKey that fits a; the error says that it does not.
func Sign(a Algorithm, key crypto.Signer, h Header, payload []byte) (string, error) {
	m := a.method()
	if m == nil || !a.Fits(key.Public()) {
		return "", fmt.Errorf("jws: %s does not sign with such a key", a)
	}
	header, err := json.Marshal(struct {
		Algorithm Algorithm `json:"alg"`
		KeyID     string    `json:"kid,omitempty"`
		Type      string    `json:"typ,omitempty"`
	}{a, h.KeyID, h.Type})
	if err != nil {
		return "", fmt.Errorf("jws: %w", err)
	}
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := m.Sign(input, key)
	if err != nil {
		return "", fmt.Errorf("jws: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
