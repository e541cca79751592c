// Package privatekey reads private keys from PEM: RSA of PKCS#1 (RFC 8017, appendix A.1.2),
// P-256 of SEC 1 (RFC 5915), and RSA, P-256 and Ed25519 of PKCS#8 (RFC 5958, RFC 8410).
//
// It reads the structures only; the numbers are checked by Go's crypto, which makes the keys.
// It guarantees that what it accepts is the key that crypto/x509 reads from the same bytes, and
// that one text holds one key and nothing else. The reason for its being is size: crypto/x509
// reads by reflection and links every kind of key.
package privatekey

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"errors"
)

// ErrKey: the text is not exactly one private key of a kind that this package reads. The error
// says no more, so that it can contain no part of the key.
var ErrKey = errors.New("privatekey: not one PEM private key of RSA, P-256 or Ed25519")

// Parse returns the key of text: an *rsa.PrivateKey of two primes, an *ecdsa.PrivateKey of
// P-256 or an ed25519.PrivateKey. Encrypted keys and those of more than 64 KiB are refused.
// The error is ErrKey.
func Parse(text string) (crypto.Signer, error) {
	if len(text) > maxText {
		return nil, ErrKey
	}
	block, rest := pem.Decode([]byte(text))
	if block != nil && block.Type == "EC PARAMETERS" {
		// openssl ecparam writes the curve in front of the key.
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, ErrKey
	}
	switch block.Type {
	case "PRIVATE KEY":
		return parsePKCS8(block.Bytes)
	case "RSA PRIVATE KEY":
		return parseRSA(block.Bytes)
	case "EC PRIVATE KEY":
		return parseEC(block.Bytes, false)
	}
	return nil, ErrKey
}

const maxText = 64 << 10
