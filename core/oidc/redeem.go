package oidc

import (
	"context"
	"fmt"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/pkce"
	"gatehouse/core/secret"
	"gatehouse/core/stepup"
)

// Redemption is an authorization response that belongs to a request of ours: callers
// have compared state and called [Provider.CheckIssuer]. All fields but Demand are required.
type Redemption struct {
	Code        string
	RedirectURI string // as in the authorization request
	Nonce       string
	Verifier    pkce.Verifier
	// Demand is the request's. A login that does not meet it is an ErrWeakLogin.
	Demand stepup.Demand
}

// Login is an authenticated subject with the tokens that came along.
type Login struct {
	Identity     identity.Identity
	AccessToken  secret.Text
	RefreshToken secret.Text // empty when the provider gave none
	IDToken      secret.Text
	// AccessTokenExpiry is zero when the provider did not say.
	AccessTokenExpiry time.Time
	// SessionID is the provider's sid, empty when it did not say.
	SessionID string
	// AuthTime is when the user was authenticated, zero when the provider did not
	// say.
	AuthTime time.Time
	// ACR is how the user was authenticated, empty when the provider did not say.
	ACR string
	// Issued is the ID token's iat.
	Issued time.Time
}

// Redeem exchanges the code for tokens, validates the ID token, asks userinfo if a
// wanted claim is missing, and returns who logged in. On error there is no login: the
// error is ErrTokenRefused, ErrIDToken, ErrUserinfo, ErrUnavailable or ErrMetadata; a
// Redemption with an empty field is none of these and causes no request.
func (p *Provider) Redeem(ctx context.Context, r Redemption) (*Login, error) {
	if r.Code == "" || r.RedirectURI == "" || r.Nonce == "" || r.Verifier.IsZero() {
		return nil, errIncomplete
	}
	m, err := p.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := p.requestTokens(ctx, m, r.Code, r.RedirectURI, r.Verifier)
	if err != nil {
		return nil, err
	}
	claims, err := p.verifyIDToken(ctx, m, tokens.IDToken.Reveal(), expectation{
		Issuer: p.o.Issuer, ClientID: p.o.ClientID, Nonce: r.Nonce, Demand: r.Demand,
		AccessToken: tokens.AccessToken.Reveal(), Now: p.o.Now(), Skew: p.o.ClockSkew,
	})
	if err != nil {
		return nil, err
	}
	l := &Login{
		AccessToken: tokens.AccessToken, RefreshToken: tokens.RefreshToken, IDToken: tokens.IDToken,
		AccessTokenExpiry: tokens.Expiry,
	}
	if err := p.identify(ctx, m, l, claims); err != nil {
		return nil, err
	}
	return l, nil
}

// identify sets what claims of an ID token say of l, with userinfo if a wanted one is
// missing. The error is ErrIDToken, ErrUserinfo or ErrUnavailable.
func (p *Provider) identify(ctx context.Context, m *Metadata, l *Login, claims object) error {
	l.SessionID = identity.Describing(claims, "sid")
	how := strength(claims)
	l.AuthTime, l.ACR = how.Time, how.ACR
	l.Issued, _ = claims.Instant("iat")
	asked := false
	if m.UserinfoEndpoint != "" && needsUserinfo(claims, p.o.UserinfoClaims) {
		subject, _ := claims.Text("sub")
		info, err := p.userinfo(ctx, m, l.AccessToken.Reveal(), subject)
		if err != nil {
			return err
		}
		claims, asked = merge(claims, info), true
	}
	var reason string
	l.Identity, reason = identity.FromClaims(claims, p.o.mapping())
	switch {
	case reason != "" && asked:
		return fmt.Errorf("%w: %s", ErrUserinfo, reason)
	case reason != "":
		return refusedToken(reason)
	}
	return nil
}
