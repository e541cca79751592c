package oidc

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"slices"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/jws"
	"gatehouse/core/stepup"
)

// oldestIssue is how long ago an ID token may have been issued. It comes straight
// from the provider, so anything older is a mistake.
const oldestIssue = 24 * time.Hour

// expectation is what an ID token must agree with.
type expectation struct {
	Issuer, ClientID, Nonce string
	// Before are the login's claims when the token came with a refresh, and then Nonce
	// is not looked at; else nil.
	Before object
	// AccessToken is what at_hash must match when it is there.
	AccessToken string
	// Demand is what the login must be.
	Demand stepup.Demand
	Alg    jws.Algorithm
	Now    time.Time
	Skew   time.Duration
}

// check applies OpenID Connect Core 1.0, section 3.1.3.7, to the claims and returns
// the broken rule, or "". Claims of the wrong type break the rule.
func (e *expectation) check(o object) string {
	if iss, _ := o.Text("iss"); iss != e.Issuer || iss == "" {
		return "iss is not the issuer"
	}
	if sub, _ := o.Text("sub"); !identity.ValidSubject(sub) {
		return "sub is missing or malformed"
	}
	if reason := e.checkAudience(o); reason != "" {
		return reason
	}
	if reason := e.checkTimes(o); reason != "" {
		return reason
	}
	if reason := e.checkLogin(o); reason != "" {
		return reason
	}
	if _, ok := o["at_hash"]; ok {
		hash, _ := o.Text("at_hash")
		if subtle.ConstantTimeCompare([]byte(hash), []byte(leftHalf(e.Alg, e.AccessToken))) != 1 {
			return "at_hash does not match the access token"
		}
	}
	// Steps 12 and 13.
	return e.Demand.Unmet(strength(o), e.Now, e.Skew)
}

// strength is what claims say of how the user was authenticated.
func strength(o object) stepup.Login {
	l := stepup.Login{ACR: identity.Describing(o, "acr")}
	if at, ok := o.Instant("auth_time"); ok {
		l.Time = at
	}
	return l
}

// checkLogin is step 11, or what stands for it when tokens are refreshed.
func (e *expectation) checkLogin(o object) string {
	if e.Before != nil {
		return breaks(o, e.Before, e.Skew)
	}
	nonce, _ := o.Text("nonce")
	if nonce == "" {
		return "nonce is missing or malformed"
	}
	if subtle.ConstantTimeCompare([]byte(nonce), []byte(e.Nonce)) != 1 {
		return reasonNonce
	}
	return ""
}

// checkAudience is steps 3 to 5: every audience besides us is untrusted, and then the
// token must name us as the party it was issued to.
func (e *expectation) checkAudience(o object) string {
	var audience []string
	if one, ok := o.Text("aud"); ok {
		audience = []string{one}
	} else if audience, ok = o.Texts("aud"); !ok {
		return "aud is missing or malformed"
	}
	if e.ClientID == "" || !slices.Contains(audience, e.ClientID) {
		return "aud is not this client"
	}
	_, authorized := o["azp"]
	if azp, _ := o.Text("azp"); authorized && azp != e.ClientID {
		return "azp is not this client"
	}
	others := slices.ContainsFunc(audience, func(a string) bool { return a != e.ClientID })
	if others && !authorized {
		return "several aud without azp"
	}
	return ""
}

// checkTimes is steps 9 and 10, and nbf of RFC 7519, section 4.1.5.
func (e *expectation) checkTimes(o object) string {
	exp, ok := o.Instant("exp")
	switch {
	case !ok:
		return "exp is missing or malformed"
	case !exp.After(e.Now.Add(-e.Skew)):
		return "expired"
	}
	iat, ok := o.Instant("iat")
	switch {
	case !ok:
		return "iat is missing or malformed"
	case iat.After(e.Now.Add(e.Skew)):
		return "issued in the future"
	case iat.Before(e.Now.Add(-oldestIssue)):
		return "issued too long ago"
	}
	if _, there := o["nbf"]; there {
		nbf, ok := o.Instant("nbf")
		switch {
		case !ok:
			return "nbf is malformed"
		case nbf.After(e.Now.Add(e.Skew)):
			return "not valid yet"
		}
	}
	if _, there := o["auth_time"]; there {
		if _, ok := o.Instant("auth_time"); !ok {
			return "auth_time is malformed"
		}
	}
	return ""
}

// leftHalf is at_hash (OpenID Connect Core 1.0, section 3.1.3.6): the hash is the one
// of the signature's algorithm; Ed25519 uses SHA-512.
func leftHalf(alg jws.Algorithm, token string) string {
	var sum []byte
	switch alg {
	case jws.RS384, jws.PS384, jws.ES384:
		h := sha512.Sum384([]byte(token))
		sum = h[:]
	case jws.RS512, jws.PS512, jws.ES512, jws.EdDSA:
		h := sha512.Sum512([]byte(token))
		sum = h[:]
	default:
		h := sha256.Sum256([]byte(token))
		sum = h[:]
	}
	return encoding.EncodeToString(sum[:len(sum)/2])
}
