package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/secret"
)

// Refreshing is a refresh token with the login that it came from.
type Refreshing struct {
	RefreshToken secret.Text
	// IDToken is the one that [Provider.Redeem] accepted, kept where nobody can have
	// changed it.
	IDToken secret.Text
}

// Refresh redeems a refresh token (RFC 6749, section 6; OpenID Connect Core 1.0, section
// 12). RefreshToken and IDToken of the result are empty when the provider gave no new
// ones. Identity has a Subject only when a new ID token says who it is: without one, and
// while its signature or the userinfo that it lacks cannot be had, nothing new is known.
//
// An ID token is refused unless it is one of the same login (section 12.2). The error is
// as of [Provider.Redeem]; after ErrIDToken and ErrUserinfo the refresh token has been
// used.
func (p *Provider) Refresh(ctx context.Context, r Refreshing) (*Login, error) {
	before, err := claimsOf(r.IDToken.Reveal())
	if err != nil || r.RefreshToken.Empty() {
		return nil, errIncomplete
	}
	m, err := p.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := p.postToken(ctx, m, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {r.RefreshToken.Reveal()},
	}, p.authentication(), r.RefreshToken.Reveal())
	if err != nil {
		return nil, err
	}
	l := &Login{AccessToken: tokens.AccessToken, RefreshToken: tokens.RefreshToken, AccessTokenExpiry: tokens.Expiry}
	if tokens.IDToken.Empty() {
		return l, nil
	}
	claims, err := p.verifyIDToken(ctx, m, tokens.IDToken.Reveal(), expectation{
		Issuer: p.o.Issuer, ClientID: p.o.ClientID, Before: before,
		AccessToken: tokens.AccessToken.Reveal(), Now: p.o.Now(), Skew: p.o.ClockSkew,
	})
	if err == nil {
		err = p.identify(ctx, m, l, claims)
	}
	switch {
	case errors.Is(err, ErrIDToken), errors.Is(err, ErrUserinfo):
		return nil, err
	case err != nil:
		// The refresh token is used up: losing the new one would end the session.
		p.o.Log.WarnContext(ctx, "who a session is was not refreshed", "error", err.Error())
		l.Identity = identity.Identity{}
		return l, nil
	}
	l.IDToken = tokens.IDToken
	return l, nil
}

// claimsOf reads the claims of an ID token that was verified before.
func claimsOf(raw string) (object, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, errIncomplete
	}
	b, err := encoding.DecodeString(parts[1])
	if err != nil {
		return nil, errIncomplete
	}
	return parseObject(b)
}

// breaks is the rule of OpenID Connect Core 1.0, section 12.2, that keeps o from being
// of the same login as before, or "". A later auth_time is accepted: the user has
// authenticated again since.
func breaks(o, before object, skew time.Duration) string {
	sub, _ := o.Text("sub")
	if was, _ := before.Text("sub"); sub != was {
		return "sub is not the login's"
	}
	if _, there := o["nonce"]; there {
		nonce, _ := o.Text("nonce")
		was, _ := before.Text("nonce")
		if subtle.ConstantTimeCompare([]byte(nonce), []byte(was)) != 1 {
			return reasonNonce
		}
	}
	at, now := o.Instant("auth_time")
	was, then := before.Instant("auth_time")
	if now && then && at.Before(was.Add(-skew)) {
		return "auth_time is before the login's"
	}
	return ""
}
