package privatekey

import (
	"crypto"
	"crypto/ed25519"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Contents of the object identifiers.
const (
	oidRSA     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" // rsaEncryption, 1.2.840.113549.1.1.1
	oidEC      = "\x2a\x86\x48\xce\x3d\x02\x01"         // id-ecPublicKey, 1.2.840.10045.2.1
	oidP256    = "\x2a\x86\x48\xce\x3d\x03\x01\x07"     // prime256v1, 1.2.840.10045.3.1.7
	oidEd25519 = "\x2b\x65\x70"                         // id-Ed25519, 1.3.101.112
)

// parsePKCS8 reads a OneAsymmetricKey (RFC 5958, section 2). Its attributes and its copy of
// the public key are not looked at.
func parsePKCS8(der []byte) (crypto.Signer, error) {
	input := cryptobyte.String(der)
	var body, algorithm, oid, private cryptobyte.String
	var version int
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&version) || version < 0 || version > 1 ||
		!body.ReadASN1(&algorithm, asn1.SEQUENCE) ||
		!algorithm.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
		!body.ReadASN1(&private, asn1.OCTET_STRING) ||
		!body.SkipOptionalASN1(asn1.Tag(0).ContextSpecific().Constructed()) ||
		version == 1 && !body.SkipOptionalASN1(asn1.Tag(1).ContextSpecific()) ||
		!body.Empty() {
		return nil, ErrKey
	}
	switch string(oid) {
	case oidRSA:
		// RFC 8017, appendix A.1: the parameters are NULL.
		if string(algorithm) == "\x05\x00" {
			return parseRSA(private)
		}
	case oidEC:
		if readCurve(&algorithm) && algorithm.Empty() {
			return parseEC(private, true)
		}
	case oidEd25519:
		// RFC 8410, section 3: no parameters; section 7: the seed in a string of its own.
		var seed cryptobyte.String
		if algorithm.Empty() && private.ReadASN1(&seed, asn1.OCTET_STRING) && private.Empty() &&
			len(seed) == ed25519.SeedSize {
			return ed25519.NewKeyFromSeed(seed), nil
		}
	}
	return nil, ErrKey
}

// readCurve reads the name of P-256, the only curve there is.
func readCurve(s *cryptobyte.String) bool {
	var oid cryptobyte.String
	return s.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) && string(oid) == oidP256
}
