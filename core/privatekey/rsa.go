package privatekey

import (
	"crypto"
	"crypto/rsa"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// parseRSA reads an RSAPrivateKey (RFC 8017, appendix A.1.2) of two primes. Go's crypto checks
// that its eight numbers belong together.
func parseRSA(der []byte) (crypto.Signer, error) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	var version int
	key := new(rsa.PrivateKey)
	n, d, p, q := new(big.Int), new(big.Int), new(big.Int), new(big.Int)
	dp, dq, qinv := new(big.Int), new(big.Int), new(big.Int)
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&version) || version != 0 ||
		!body.ReadASN1Integer(n) || !body.ReadASN1Integer(&key.E) || !body.ReadASN1Integer(d) ||
		!body.ReadASN1Integer(p) || !body.ReadASN1Integer(q) ||
		!body.ReadASN1Integer(dp) || !body.ReadASN1Integer(dq) || !body.ReadASN1Integer(qinv) ||
		!body.Empty() {
		return nil, ErrKey
	}
	for _, number := range []*big.Int{n, d, p, q, dp, dq, qinv} {
		if number.Sign() <= 0 {
			return nil, ErrKey
		}
	}
	key.N, key.D, key.Primes = n, d, []*big.Int{p, q}
	key.Precomputed.Dp, key.Precomputed.Dq, key.Precomputed.Qinv = dp, dq, qinv
	key.Precompute()
	if key.Validate() != nil {
		return nil, ErrKey
	}
	return key, nil
}
