package dpop_test

import (
	"testing"

	"gatehouse/core/jws"
	"gatehouse/core/secret"
)

// BenchmarkVerify is what a request costs besides the verification of its token: with a
// good proof, with one whose signature does not hold, and with one that is refused before.
func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct {
		name, key string
		claims    object
		change    string // of the signature
	}{
		{"ES256", "ES256", nil, ""}, {"RS256", "RS256", nil, ""}, {"EdDSA", "EdDSA", nil, ""},
		{"ES256 bad signature", "ES256", nil, "AAAA"}, {"ES256 too old", "ES256", object{"iat": 1}, ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			proof := sign(b, jws.Algorithm(c.key), keys()[c.key], nil, c.claims)
			good := c.claims == nil && c.change == ""
			h := header(proof[:len(proof)-len(c.change)] + c.change)
			v, credential := at(clock(made)), secret.New(token)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(h, "GET", here, credential); (err == nil) != good {
					b.Fatal(err)
				}
			}
		})
	}
}
