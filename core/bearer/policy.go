package bearer

import (
	"slices"
	"strings"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/strictjson"
)

// maxAudiences bounds a token's aud.
const maxAudiences = 1000

// Policy is what a token must satisfy.
type Policy struct {
	// Issuer must be the token's iss where it has one.
	Issuer string
	// Audiences: one of them must be in the token's aud. None refuses every token: one
	// that is meant for another resource must not open this one (RFC 9700, section
	// 2.3).
	Audiences []string
	// ClientForAudience: where the issuer says nothing about an audience, client_id
	// must be one of Audiences, and token_type must say that it is an access token. It
	// is for an issuer's answers, whose aud is optional (RFC 7662, section 2.2); a JWT
	// access token has an aud (RFC 9068, section 2.2).
	ClientForAudience bool
	// Scopes must all be granted; none are required when it is empty.
	Scopes []string
	// Leeway is how far the issuer's clock may differ from ours.
	Leeway time.Duration
	// KeyBound accepts tokens that are bound to a key by its thumbprint (RFC 9449,
	// section 6) too. Callers must find [Token.ConfirmedBy] satisfied.
	KeyBound bool
}

// Token is what is known about a valid token. It is shared between requests: read-only.
type Token struct {
	Identity identity.Identity
	// Scopes that were granted, in the issuer's order.
	Scopes []string
	// ClientID is who the token was issued to, "" when the issuer did not say.
	ClientID string
	// Expiry is zero when the issuer did not say.
	Expiry time.Time
	// Ref is a hash of the token. It may be logged; it opens nothing.
	Ref string
	// Claims are all that the issuer said.
	Claims strictjson.Object
	// Thumbprint is of the key that the token is bound to (RFC 7638), in base64url, "" for
	// a plain bearer token.
	Thumbprint string
}

// ConfirmedBy returns nil for a token that is bound to the key of a thumbprint, whose
// possession was proved, and, where that is "", for one that is bound to none. Any other is
// refused: a token that lost its binding on the way is a stolen one (RFC 9449, section 7.2).
func (t *Token) ConfirmedBy(thumbprint string) error {
	switch {
	case t.Thumbprint == thumbprint:
		return nil
	case thumbprint == "":
		return Refuse("bound to a key")
	}
	return Refuse("not bound to the key of the proof")
}

// Require returns nil if all scopes were granted, else an ErrScope.
func (t *Token) Require(scopes ...string) error {
	for _, s := range scopes {
		if !slices.Contains(t.Scopes, s) {
			return &ScopeError{Required: scopes}
		}
	}
	return nil
}

// Check applies the policy to claims whose source is trusted: the issuer's answer about
// a token, or a token whose signature is verified. A claim of the wrong type breaks its
// rule. iss, exp, iat, client_id and scope may be missing (RFC 7662, section 2.2); sub
// may not, and aud only with ClientForAudience. The error is ErrInvalid, or ErrScope for a token that is otherwise
// good.
func (p Policy) Check(o strictjson.Object, now time.Time, m identity.Mapping) (*Token, error) {
	for _, rule := range []func(strictjson.Object, time.Time) string{p.issuer, p.audience, p.confirmation, p.times} {
		if reason := rule(o, now); reason != "" {
			return nil, Refuse(reason)
		}
	}
	t := &Token{Claims: o}
	t.Thumbprint, _ = boundTo(o)
	t.Expiry, _ = o.Instant("exp")
	var ok bool
	if t.ClientID, ok = o.Text("client_id"); !ok && o.Has("client_id") {
		return nil, Refuse("client_id is malformed")
	}
	scope, ok := o.Text("scope")
	if !ok && o.Has("scope") {
		return nil, Refuse("scope is malformed")
	}
	t.Scopes = strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' })
	if sub, _ := o.Text("sub"); !identity.ValidSubject(sub) {
		return nil, Refuse("sub is missing or malformed")
	}
	var reason string
	if t.Identity, reason = identity.FromClaims(o, m); reason != "" {
		return nil, Refuse(reason)
	}
	t.Identity.Issuer = p.Issuer
	if err := t.Require(p.Scopes...); err != nil {
		return nil, err
	}
	return t, nil
}

func (p Policy) issuer(o strictjson.Object, _ time.Time) string {
	if iss, _ := o.Text("iss"); o.Has("iss") && iss != p.Issuer || p.Issuer == "" {
		return "iss is not the issuer"
	}
	return ""
}

func (p Policy) audience(o strictjson.Object, _ time.Time) string {
	if _, said := o["aud"]; !said && p.ClientForAudience {
		return p.client(o)
	}
	var audience []string
	if one, ok := o.Text("aud"); ok {
		audience = []string{one}
	} else if audience, ok = o.Texts("aud"); !ok {
		return "aud is missing or malformed"
	}
	if len(audience) > maxAudiences {
		return "too many aud"
	}
	if !slices.ContainsFunc(audience, p.ours) {
		return "aud is none of ours"
	}
	return ""
}

// client decides in place of an audience. Without an audience nothing else tells an
// access token from a refresh token, which some issuers call active too.
func (p Policy) client(o strictjson.Object) string {
	if id, _ := o.Text("client_id"); !p.ours(id) {
		return "no aud, and client_id is none of ours"
	}
	if !o.Has("token_type") {
		return "neither aud nor token_type"
	}
	return ""
}

func (p Policy) ours(name string) bool { return name != "" && slices.Contains(p.Audiences, name) }

// boundTo returns the thumbprint of the key that a token is bound to (RFC 9449, section
// 6.1), "" for none. ok is false for any other confirmation (RFC 7800; RFC 8705, section 3),
// also beside it: it cannot be checked.
func boundTo(o strictjson.Object) (thumbprint string, ok bool) {
	if !o.Has("cnf") {
		return "", true
	}
	cnf, err := strictjson.Parse(o["cnf"])
	thumbprint, _ = cnf.Text("jkt")
	return thumbprint, err == nil && len(cnf) == 1 && len(thumbprint) == thumbprintLength
}

// thumbprintLength is that of a SHA-256 in base64url.
const thumbprintLength = 43

// confirmation refuses tokens that only the holder of a key may use, but for those that
// KeyBound accepts, and those that are no access tokens.
func (p Policy) confirmation(o strictjson.Object, _ time.Time) string {
	thumbprint, ok := boundTo(o)
	kind, want := "", scheme
	switch {
	case !ok, thumbprint != "" && !p.KeyBound:
		return "bound to a key"
	case thumbprint != "":
		want = "DPoP" // RFC 9449, section 6.2
	}
	if kind, _ = o.Text("token_type"); o.Has("token_type") && !strings.EqualFold(kind, want) {
		return "token_type is not " + want
	}
	// Some issuers answer for refresh tokens too, and say so here.
	if use, _ := o.Text("token_use"); o.Has("token_use") && use != "access" && use != "access_token" {
		return "not an access token"
	}
	// Keycloak answers for whatever it signed, in older releases without token_type; its
	// claim typ tells what that is.
	if typ, _ := o.Text("typ"); slices.Contains(foreignTypes, typ) {
		return "not an access token"
	}
	// Only ID tokens bind another token (OpenID Connect Core 1.0, section 3.3.2.11).
	if o.Has("at_hash") || o.Has("c_hash") {
		return "an ID token"
	}
	return ""
}

// foreignTypes are what Keycloak's claim typ says of tokens that give no access.
var foreignTypes = []string{"ID", "Refresh", "Offline", "Logout"}

func (p Policy) times(o strictjson.Object, now time.Time) string {
	for _, name := range []string{"exp", "iat", "nbf"} {
		at, ok := o.Instant(name)
		switch {
		case !o.Has(name):
		case !ok:
			return name + " is malformed"
		case name == "exp" && !at.After(now.Add(-p.Leeway)):
			return "expired"
		case name == "iat" && at.After(now.Add(p.Leeway)):
			return "issued in the future"
		case name == "nbf" && at.After(now.Add(p.Leeway)):
			return "not valid yet"
		}
	}
	return ""
}
