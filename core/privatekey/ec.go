package privatekey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// parseEC reads an ECPrivateKey (RFC 5915, section 3) of P-256. The curve may be left out when
// it is known. A public key that is not the private key's is refused, in either form of a point.
func parseEC(der []byte, known bool) (crypto.Signer, error) {
	input := cryptobyte.String(der)
	var body, scalar, curve, public cryptobyte.String
	var version int
	var hasCurve, hasPublic bool
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1(&scalar, asn1.OCTET_STRING) ||
		!body.ReadOptionalASN1(&curve, &hasCurve, asn1.Tag(0).ContextSpecific().Constructed()) ||
		!body.ReadOptionalASN1(&public, &hasPublic, asn1.Tag(1).ContextSpecific().Constructed()) ||
		!body.Empty() {
		return nil, ErrKey
	}
	if hasCurve && (!readCurve(&curve) || !curve.Empty()) || !hasCurve && !known {
		return nil, ErrKey
	}
	// Some writers leave out leading zeros, others add one.
	var raw [32]byte
	scalar = bytes.TrimLeft(scalar, "\x00")
	if len(scalar) > len(raw) {
		return nil, ErrKey
	}
	copy(raw[len(raw)-len(scalar):], scalar)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw[:])
	if err != nil {
		return nil, ErrKey
	}
	if !hasPublic {
		return key, nil
	}
	var point []byte
	own, err := key.PublicKey.Bytes()
	if err != nil || !public.ReadASN1BitStringAsBytes(&point) || !public.Empty() {
		return nil, ErrKey
	}
	// SEC 1, section 2.3.3: 2 or 3 says whether y is even, and y is left out.
	compressed := append([]byte{2 | own[len(own)-1]&1}, own[1:33]...)
	if !bytes.Equal(point, own) && !bytes.Equal(point, compressed) {
		return nil, ErrKey
	}
	return key, nil
}
