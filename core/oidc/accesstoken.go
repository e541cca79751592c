package oidc

import (
	"context"
	"crypto/sha256"
	"strings"

	"gatehouse/core/bearer"
)

// requiredClaims of an access token (RFC 9068, section 2.2), besides aud and sub, which
// every policy requires.
var requiredClaims = []string{"iss", "exp", "iat", "client_id"}

// VerifyAccessToken validates a JWT access token of the provider (RFC 9068, section 4)
// without asking about it: that it was revoked does not show. The header must announce
// an access token, so that an ID token is none; one of audiences must be in aud. Scopes
// are not looked at: see [bearer.Token.Require]. Nor is, with Options.KeyBound, what a
// token is bound to: see [bearer.Token.ConfirmedBy]. The error is bearer.ErrMissing for an
// empty token, bearer.ErrInvalid, ErrUnavailable or ErrMetadata.
func (p *Provider) VerifyAccessToken(ctx context.Context, raw string, audiences []string) (*bearer.Token, error) {
	switch {
	case raw == "":
		return nil, bearer.ErrMissing
	case !bearer.Valid(raw):
		return nil, bearer.Refuse("malformed")
	}
	t, reason := parseSigned(raw, p.o.Algorithms, func(header object) string {
		typ, _ := header.Text("typ")
		if !strings.EqualFold(typ, "at+jwt") && !strings.EqualFold(typ, "application/at+jwt") {
			return "typ is not at+jwt"
		}
		return ""
	})
	if reason != "" {
		return nil, bearer.Refuse(reason)
	}
	for _, name := range requiredClaims {
		if !t.claims.Has(name) {
			return nil, bearer.Refuse(name + " is missing")
		}
	}
	policy := bearer.Policy{Issuer: p.o.Issuer, Audiences: audiences, Leeway: p.o.ClockSkew, KeyBound: p.o.KeyBound}
	token, err := policy.Check(t.claims, p.o.Now(), p.o.mapping())
	switch {
	case err != nil:
		return nil, err
	case token.ClientID == "":
		return nil, bearer.Refuse("client_id is malformed")
	}
	reason, err = p.checkSignature(ctx, t)
	switch {
	case err != nil:
		return nil, err
	case reason != "":
		return nil, bearer.Refuse(reason)
	}
	sum := sha256.Sum256([]byte(raw))
	token.Ref = encoding.EncodeToString(sum[:])
	return token, nil
}
