package jwk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
)

// Key is a public key as a member of a JWK Set. Its text is the members in the
// order of their names.
type Key struct {
	// Algorithm, Curve, Modulus and so on are the members; empty ones are left out.
	Algorithm string `json:"alg,omitempty"`
	Curve     string `json:"crv,omitempty"`
	Exponent  string `json:"e,omitempty"`
	ID        string `json:"kid,omitempty"`
	Type      string `json:"kty"`
	Modulus   string `json:"n,omitempty"`
	Use       string `json:"use,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
}

// Set is a JWK Set (RFC 7517, section 5).
type Set struct {
	Keys []Key `json:"keys"`
}

// Of returns the members that make up key, of a type that [Parse] returns. The error is
// ErrKey.
func Of(key crypto.PublicKey) (Key, error) {
	text := base64.RawURLEncoding.EncodeToString
	switch k := key.(type) {
	case *rsa.PublicKey:
		return Key{Type: "RSA", Modulus: text(k.N.Bytes()), Exponent: text(big.NewInt(int64(k.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		name := k.Curve.Params().Name
		c, ok := curveOf(name)
		point, err := k.Bytes()
		if !ok || err != nil {
			return Key{}, ErrKey
		}
		return Key{Type: "EC", Curve: name, X: text(point[1 : 1+c.size]), Y: text(point[1+c.size:])}, nil
	case ed25519.PublicKey:
		return Key{Type: "OKP", Curve: "Ed25519", X: text(k)}, nil
	}
	return Key{}, ErrKey
}

// Thumbprint is the base64url text of the key's SHA-256 thumbprint (RFC 7638): of the
// members that make it up, in the order of their names.
func (k Key) Thumbprint() (string, error) {
	k.Algorithm, k.ID, k.Use = "", "", ""
	text, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}
