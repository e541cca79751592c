// Package jwk reads and writes public keys as JSON Web Keys (RFC 7517): RSA and the
// NIST curves of RFC 7518, section 6, and Ed25519 (RFC 8037). Private and symmetric
// keys, certificates and everything that a key is said to be for are the caller's.
//
// It guarantees that a key it returns is one: a point on its curve, of the lengths that
// the specifications demand.
package jwk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"

	"gatehouse/core/strictjson"
)

// MaxBits bounds an RSA modulus, and with it the time of a verification.
const MaxBits = 4096

// ErrKey says no more: what a provider publishes is not ours to explain.
var ErrKey = errors.New("jwk: not a public key of RSA, a NIST curve or Ed25519")

// curve is an elliptic curve with the bytes of a coordinate.
type curve struct {
	elliptic.Curve
	size int
}

// curveOf returns the curve that crv names.
func curveOf(crv string) (curve, bool) {
	switch crv {
	case "P-256":
		return curve{elliptic.P256(), 32}, true
	case "P-384":
		return curve{elliptic.P384(), 48}, true
	case "P-521":
		return curve{elliptic.P521(), 66}, true
	}
	return curve{}, false
}

// Parse returns the key of a JWK, whose other members are not looked at: an
// *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey. The error is ErrKey.
func Parse(o strictjson.Object) (crypto.PublicKey, error) {
	kty, _ := o.Text("kty")
	switch kty {
	case "RSA":
		return parseRSA(o)
	case "EC":
		return parseEC(o)
	case "OKP":
		crv, _ := o.Text("crv")
		if x, ok := octets(o, "x"); ok && crv == "Ed25519" && len(x) == ed25519.PublicKeySize {
			return ed25519.PublicKey(x), nil
		}
	}
	return nil, ErrKey
}

func parseRSA(o strictjson.Object) (crypto.PublicKey, error) {
	n, ok := octets(o, "n")
	if !ok {
		return nil, ErrKey
	}
	e, ok := octets(o, "e")
	if !ok {
		return nil, ErrKey
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if modulus.BitLen() > MaxBits || exponent.BitLen() > 31 || exponent.Int64() < 2 {
		return nil, ErrKey
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

func parseEC(o strictjson.Object) (crypto.PublicKey, error) {
	crv, _ := o.Text("crv")
	c, ok := curveOf(crv)
	if !ok {
		return nil, ErrKey
	}
	point := make([]byte, 1, 1+2*c.size)
	point[0] = 4 // uncompressed: SEC 1, section 2.3.3
	for _, name := range []string{"x", "y"} {
		coordinate, ok := octets(o, name)
		if !ok || len(coordinate) != c.size {
			return nil, ErrKey
		}
		point = append(point, coordinate...)
	}
	k, err := ecdsa.ParseUncompressedPublicKey(c.Curve, point)
	if err != nil {
		return nil, ErrKey
	}
	return k, nil
}

// octets returns a member that is base64url without padding and not empty.
func octets(o strictjson.Object, name string) ([]byte, bool) {
	text, ok := o.Text(name)
	if !ok || text == "" {
		return nil, false
	}
	value, err := base64.RawURLEncoding.DecodeString(text)
	return value, err == nil && len(value) > 0
}
