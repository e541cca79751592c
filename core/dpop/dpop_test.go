package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/dpop"
	"gatehouse/core/jwk"
	"gatehouse/core/jws"
	"gatehouse/core/secret"
)

const (
	token   = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	address = "https://resource.example.org/protectedresource"
	made    = 1562262618
)

// example is the request of RFC 9449, section 7.1.
const example = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
	".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9" +
	".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"

// exampleKey is what section 6.1 says of that proof's key.
const exampleKey = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// here is whether u is the address of the example.
func here(u *url.URL) bool { return u.String() == address }

func header(proofs ...string) http.Header { return http.Header{"Dpop": proofs} }

// at makes a verifier whose clock shows the seconds since 1970 in now.
func at(now *atomic.Int64) *dpop.Verifier {
	return dpop.New(dpop.Options{Skew: 30 * time.Second, Now: func() time.Time { return time.Unix(now.Load(), 0) }})
}

func clock(seconds int64) *atomic.Int64 {
	var c atomic.Int64
	c.Store(seconds)
	return &c
}

// reason is why a proof is refused, "" for one that is not.
func reason(t testing.TB, err error) string {
	t.Helper()
	switch {
	case err == nil:
		return ""
	case !errors.Is(err, dpop.ErrProof):
		t.Fatalf("error of another kind: %v", err)
	}
	return strings.TrimPrefix(err.Error(), dpop.ErrProof.Error()+": ")
}

func TestTheExampleOfTheSpecification(t *testing.T) {
	v := at(clock(made))
	p, err := v.Verify(header(example), "GET", here, secret.New(token))
	if err != nil {
		t.Fatal(err)
	}
	if p.Thumbprint != exampleKey {
		t.Errorf("thumbprint %s", p.Thumbprint)
	}
	if err := v.Use(p); err != nil {
		t.Error(err)
	}
}

// keys are one of each kind.
var keys = sync.OnceValue(func() map[string]crypto.Signer {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{
		"RS256": must(rsa.GenerateKey(rand.Reader, 2048)),
		"weak":  must(rsa.GenerateKey(rand.Reader, 1024)),
		"ES256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"ES512": must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"EdDSA": ed,
	}
})

type object = map[string]any

// sign makes a proof, good but for the changes; null removes a member.
func sign(t testing.TB, alg jws.Algorithm, key crypto.Signer, headerChanges, changes object) string {
	t.Helper()
	sum := sha256.Sum256([]byte(token))
	h := object{"typ": "dpop+jwt", "alg": alg, "jwk": must(jwk.Of(key.Public()))}
	c := object{"jti": "one", "htm": "GET", "htu": address, "iat": made, "ath": base64.RawURLEncoding.EncodeToString(sum[:])}
	for to, from := range map[*object]object{&h: headerChanges, &c: changes} {
		maps.Copy(*to, from)
		maps.DeleteFunc(*to, func(_ string, v any) bool { return v == nil })
	}
	e := base64.RawURLEncoding.EncodeToString
	input := e(must(json.Marshal(h))) + "." + e(must(json.Marshal(c)))
	return input + "." + e(signature(t, alg, key, input))
}

// signature is made here and not by jws.Sign, whose headers are its own.
func signature(t testing.TB, alg jws.Algorithm, key crypto.Signer, input string) []byte {
	t.Helper()
	hash := map[jws.Algorithm]crypto.Hash{"RS256": crypto.SHA256, "ES256": crypto.SHA256, "ES512": crypto.SHA512}[alg]
	digest := []byte(input)
	if hash != 0 {
		h := hash.New()
		h.Write(digest)
		digest = h.Sum(nil)
	}
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		size := (k.Curve.Params().BitSize + 7) / 8
		r, s, err := ecdsa.Sign(rand.Reader, k, digest)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, 2*size)
		r.FillBytes(out[:size])
		s.FillBytes(out[size:])
		return out
	}
	return must(key.Sign(rand.Reader, digest, hash))
}

func TestProofs(t *testing.T) {
	ec := keys()["ES256"]
	private := must(json.Marshal(must(jwk.Of(ec.Public()))))
	privateKey := object{}
	_ = json.Unmarshal(private, &privateKey)
	privateKey["d"] = nil
	twice := "eyJ0eXAiOiJkcG9wK2p3dCIsInR5cCI6ImRwb3Arand0In0.e30.AA"
	for _, c := range []struct {
		name           string
		key            string // ES256 unless given
		header, claims object
		proofs         func(good string) []string
		want           string
	}{
		{name: "good"},
		{name: "RSA", key: "RS256"},
		{name: "Ed25519", key: "EdDSA"},
		{name: "members that are not known", header: object{"kid": "x"}, claims: object{"nonce": "x", "x": 1}},
		{name: "a minute old", claims: object{"iat": made - 60}},
		{name: "as far ahead as may be", claims: object{"iat": made + 30}},
		{name: "a fraction of a second", claims: object{"iat": made - 0.5}},
		{name: "id of 256 bytes", claims: object{"jti": strings.Repeat("x", 256)}},

		{name: "none", proofs: func(string) []string { return nil }, want: "missing"},
		{name: "empty", proofs: func(string) []string { return []string{""} }, want: "not a compact JWS"},
		{name: "two", proofs: func(p string) []string { return []string{p, p} }, want: "more than one"},
		{name: "two in a line", proofs: func(p string) []string { return []string{p + ", " + p} }, want: "not a compact JWS"},
		{name: "long", proofs: func(p string) []string { return []string{p + strings.Repeat("A", dpop.MaxProof)} }, want: "longer than 8 KiB"},
		{name: "header member twice", proofs: func(string) []string { return []string{twice} }, want: "header is not a plain JSON object"},
		{name: "no signature", proofs: func(p string) []string { return []string{p[:strings.LastIndexByte(p, '.')+1]} }, want: "bad signature"},
		{name: "signature of another proof", proofs: func(p string) []string {
			return []string{p[:strings.LastIndexByte(p, '.')] + example[strings.LastIndexByte(example, '.'):]}
		}, want: "bad signature"},

		{name: "P-521", key: "ES512", want: "alg is not accepted"},
		{name: "typ in upper case", header: object{"typ": "DPOP+JWT"}, want: "typ is not dpop+jwt"},
		{name: "typ missing", header: object{"typ": nil}, want: "typ is not dpop+jwt"},
		{name: "alg none", header: object{"alg": "none"}, want: "alg is not accepted"},
		{name: "alg of another kind", header: object{"alg": "RS256"}, want: "alg is not of the key"},
		{name: "alg of another curve", header: object{"alg": "ES384"}, want: "alg is not accepted"},
		{name: "alg HS256", header: object{"alg": "HS256"}, want: "alg is not accepted"},
		{name: "symmetric key", header: object{"alg": "HS256", "jwk": object{"kty": "oct"}}, want: "alg is not accepted"},
		{name: "symmetric key, said", header: object{"alg": "HS256", "jwk": object{"kty": "oct", "k": "AA"}}, want: "alg is not accepted"},
		{name: "symmetric key for another algorithm", header: object{"jwk": object{"kty": "oct"}}, want: "jwk is no public key"},
		{name: "private member, though null", header: object{"jwk": privateKey}, want: "jwk is no public key"},
		{name: "jwk missing", header: object{"jwk": nil}, want: "jwk is missing or malformed"},
		{name: "jwk a list", header: object{"jwk": []any{}}, want: "jwk is missing or malformed"},
		{name: "RSA of 1024 bits", key: "weak", want: "jwk is too short"},
		{name: "crit", header: object{"crit": []string{"x"}}, want: "crit in the header"},
		{name: "htm", claims: object{"htm": "POST"}, want: "htm is not the method"},
		{name: "htm missing", claims: object{"htm": nil}, want: "htm is not the method"},
		{name: "htu", claims: object{"htu": address + "/"}, want: "htu is not the address"},
		{name: "htu missing", claims: object{"htu": nil}, want: "htu is not the address"},
		{name: "htu no URL", claims: object{"htu": "https://[/"}, want: "htu is not the address"},
		{name: "older than a minute", claims: object{"iat": made - 61}, want: "too old"},
		{name: "too far ahead", claims: object{"iat": made + 31}, want: "made in the future"},
		{name: "iat missing", claims: object{"iat": nil}, want: "iat is missing or malformed"},
		{name: "iat a text", claims: object{"iat": "1562262618"}, want: "iat is missing or malformed"},
		{name: "iat beyond time", claims: object{"iat": 1e300}, want: "made in the future"},
		{name: "jti missing", claims: object{"jti": nil}, want: "jti is missing or malformed"},
		{name: "jti long", claims: object{"jti": strings.Repeat("x", 257)}, want: "jti is missing or malformed"},
		{name: "ath missing", claims: object{"ath": nil}, want: "ath is not of the access token"},
		{name: "ath of another token", claims: object{"ath": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}, want: "ath is not of the access token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, alg := keys()[c.key], jws.Algorithm(c.key)
			switch c.key {
			case "":
				key, alg = ec, jws.ES256
			case "weak":
				alg = jws.RS256
			}
			proofs := []string{sign(t, alg, key, c.header, c.claims)}
			if c.proofs != nil {
				proofs = c.proofs(proofs[0])
			}
			v := at(clock(made))
			p, err := v.Verify(header(proofs...), "GET", here, secret.New(token))
			if got := reason(t, err); got != c.want || (p == nil) != (err != nil) {
				t.Fatalf("%v, %q; want %q", p, got, c.want)
			}
			if err == nil && p.Thumbprint != must(must(jwk.Of(key.Public())).Thumbprint()) {
				t.Errorf("thumbprint %s", p.Thumbprint)
			}
		})
	}
}

func TestAProofIsUsedOnce(t *testing.T) {
	now := clock(made)
	v := at(now)
	verify := func() (*dpop.Proof, error) {
		return v.Verify(header(example), "GET", here, secret.New(token))
	}
	first, second := must(verify()), must(verify()) // nothing is used yet
	if err := v.Use(first); err != nil {
		t.Fatal(err)
	}
	if got := reason(t, v.Use(second)); got != "used before" {
		t.Errorf("a second request at the same time: %q", got)
	}
	for _, seconds := range []int64{made, made + 60, made - 30, made + 60} {
		now.Store(seconds)
		if got := reason(t, v.Use(must(verify()))); got != "used before" {
			t.Errorf("after %d s: %q", seconds-made, got)
		}
	}
	now.Store(made + 61)
	if got := reason(t, v.Use(second)); got != "too old" {
		t.Errorf("a request that took too long: %q", got)
	}
}

func TestOfAHundredEqualProofsOneIsAccepted(t *testing.T) {
	v := at(clock(made))
	var accepted atomic.Int32
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 100 {
		p := must(v.Verify(header(example), "GET", here, secret.New(token)))
		all.Go(func() {
			<-start
			if v.Use(p) == nil {
				accepted.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d were", n)
	}
}

func TestChallenges(t *testing.T) {
	const algs = `algs="ES256 EdDSA RS256 PS256"`
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no credentials", bearer.ErrMissing, "DPoP " + algs},
		{"proof", fmt.Errorf("%w: x", dpop.ErrProof), `DPoP error="invalid_dpop_proof", ` + algs},
		{"token", bearer.Refuse("expired"), `DPoP error="invalid_token", ` + algs},
		{"scope", &bearer.ScopeError{Required: []string{"a", "b"}}, `DPoP error="insufficient_scope", scope="a b", ` + algs},
		{"another error", errors.New("down"), ""},
	} {
		if got := dpop.Challenge(c.err); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
