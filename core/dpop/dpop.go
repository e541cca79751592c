// Package dpop checks proofs of possession at the resource (RFC 9449): that who presents
// an access token holds the private key that the token is bound to.
//
// It guarantees that a proof is believed only for one method, address and token, for a
// minute after it was made, and used once in this process, as long as no more than 131,072
// others were accepted since. Nothing is remembered of proofs whose token was not
// accepted. No error and no challenge contains any part of a proof or token. Nonces
// (section 9) are not asked for.
package dpop

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/jwk"
	"gatehouse/core/jws"
	"gatehouse/core/secret"
	"gatehouse/core/strictjson"
)

const (
	// Scheme of the Authorization header (section 7.1).
	Scheme = "DPoP"
	// MaxAge is how old a proof may be.
	MaxAge = time.Minute
	// MaxProof is the longest value of a DPoP header that is read.
	MaxProof = 8 << 10

	maxID      = 256 // bytes of a jti
	minRSABits = 2048
)

// ErrProof: the proof is missing or not good; 401. Which rule it broke, a fixed text, is
// for the log.
var ErrProof = errors.New("dpop: proof refused")

func refuse(reason string) error { return fmt.Errorf("%w: %s", ErrProof, reason) }

// Challenge returns the WWW-Authenticate value that goes with err (section 7.1), which is
// an ErrProof or one of package bearer's; "" for any other.
func Challenge(err error) string {
	if errors.Is(err, ErrProof) {
		return Scheme + ` error="invalid_dpop_proof", ` + algorithms
	}
	return FromBearer(bearer.Challenge(err))
}

// FromBearer returns a challenge of bearer tokens as one of this scheme; "" stays.
func FromBearer(challenge string) string {
	switch scheme, parameters, _ := strings.Cut(challenge, " "); {
	case scheme == "":
		return ""
	case parameters == "":
		return Scheme + " " + algorithms
	default:
		return Scheme + " " + parameters + ", " + algorithms
	}
}

// algorithms are those by which proofs may be signed. A verification by the larger curves
// takes up to twenty times as long, and anybody can ask for one.
const algorithms = `algs="ES256 EdDSA RS256 PS256"`

// Options configures [New]. All are required.
type Options struct {
	// Skew is how far ahead a client's clock may be.
	Skew time.Duration
	Now  func() time.Time
}

// Verifier checks proofs. It is safe for concurrent use.
type Verifier struct {
	o    Options
	used memory
}

// New makes a verifier.
func New(o Options) *Verifier { return &Verifier{o: o} }

// Proof is one that is good, unless it was used before.
type Proof struct {
	// Thumbprint is of the key that made it (RFC 7638), in base64url.
	Thumbprint string

	id   identifier
	made float64 // seconds since 1970
}

// Verify checks the proof in a request's header (section 4.3) for a method and an access
// token. here reports whether an address is that of the request, as the client knows it,
// whatever its query and fragment. The error is ErrProof.
//
// The proof is not used up: the caller finds out whether the token is good, and bound to
// the key, and then calls [Verifier.Use].
func (v *Verifier) Verify(h http.Header, method string, here func(*url.URL) bool, token secret.Text) (*Proof, error) {
	values := h["Dpop"]
	switch {
	case len(values) == 0:
		return nil, refuse("missing")
	case len(values) > 1:
		return nil, refuse("more than one")
	case len(values[0]) > MaxProof:
		return nil, refuse("longer than 8 KiB")
	}
	// What costs least comes first, the signature last.
	m, reason := jws.Parse(values[0])
	p := &Proof{}
	if reason == "" {
		reason = v.checkClaims(p, m, method, here, token)
	}
	if reason == "" {
		reason = v.checkKey(p, m)
	}
	if reason != "" {
		return nil, refuse(reason)
	}
	return p, nil
}

// checkClaims returns what is wrong with the claims and the type of a proof, and notes
// when it was made.
func (v *Verifier) checkClaims(p *Proof, m *jws.Message, method string, here func(*url.URL) bool, token secret.Text) string {
	if text(m.Header, "typ") != "dpop+jwt" {
		return "typ is not dpop+jwt"
	}
	if text(m.Payload, "htm") != method {
		return "htm is not the method"
	}
	if u, err := url.Parse(text(m.Payload, "htu")); err != nil || !here(u) {
		return "htu is not the address"
	}
	sum := sha256.Sum256([]byte(token.Reveal()))
	if text(m.Payload, "ath") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return "ath is not of the access token"
	}
	var ok bool
	if p.made, ok = m.Payload.Number("iat"); !ok {
		return "iat is missing or malformed"
	}
	return v.timely(p)
}

// timely returns what is wrong with the time at which a proof was made.
func (v *Verifier) timely(p *Proof) string {
	switch age := seconds(v.o.Now()) - p.made; {
	case age > MaxAge.Seconds():
		return "too old"
	case -age > v.o.Skew.Seconds():
		return "made in the future"
	}
	return ""
}

// seconds since 1970.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// checkKey returns what is wrong with the id, the key and the signature of a proof, and
// notes what identifies it.
func (v *Verifier) checkKey(p *Proof, m *jws.Message) string {
	jti := text(m.Payload, "jti")
	if jti == "" || len(jti) > maxID {
		return "jti is missing or malformed"
	}
	algorithm := jws.Algorithm(text(m.Header, "alg"))
	switch algorithm {
	case jws.ES256, jws.EdDSA, jws.RS256, jws.PS256:
	default:
		return "alg is not accepted"
	}
	members, err := strictjson.Parse(m.Header["jwk"])
	if err != nil {
		return "jwk is missing or malformed"
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := members[private]; ok {
			return notPublic
		}
	}
	key, err := jwk.Parse(members)
	if err != nil {
		return notPublic
	}
	if k, ok := key.(*rsa.PublicKey); ok && k.N.BitLen() < minRSABits {
		return "jwk is too short"
	}
	if !algorithm.Fits(key) {
		return "alg is not of the key"
	}
	public, err := jwk.Of(key)
	if err == nil {
		p.Thumbprint, err = public.Thumbprint()
	}
	if err != nil {
		return notPublic
	}
	p.id = identify(p.Thumbprint, jti)
	if !jws.Verify(algorithm, key, m.Input, m.Signature) {
		return "bad signature"
	}
	return ""
}

const notPublic = "jwk is no public key"

// text returns a member that is a text, else "".
func text(o strictjson.Object, name string) string {
	s, _ := o.Text(name)
	return s
}

// Use uses a proof up. Of calls with the same proof one succeeds; the others, and those
// that come too late, return an ErrProof.
func (v *Verifier) Use(p *Proof) error {
	reason := v.timely(p)
	if reason == "" && !v.used.add(p.id, v.o.Now().Unix(), int64((MaxAge+v.o.Skew)/time.Second)+2) {
		reason = "used before"
	}
	if reason != "" {
		return refuse(reason)
	}
	return nil
}
