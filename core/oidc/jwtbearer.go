package oidc

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gatehouse/core/secret"
)

const grantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// AccessToken is what a grant without a user gives.
type AccessToken struct {
	Token secret.Text
	// Expiry is zero when the provider did not say.
	Expiry time.Time
}

// Exchange redeems Options.Assertion for an access token (RFC 7523, section 2.1), which
// is how a service account gets one: the assertion names it, the client is not
// authenticated besides. The error is ErrTokenRefused, ErrUnavailable or ErrMetadata.
func (p *Provider) Exchange(ctx context.Context, scopes []string) (*AccessToken, error) {
	m, err := p.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {grantJWTBearer}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	if p.o.Assertion == nil {
		return nil, errIncomplete
	}
	assertion, err := p.o.Assertion(ctx, p.o.Issuer)
	if err != nil {
		return nil, unavailable("assertion", err)
	}
	form.Set("assertion", assertion)
	nobody := func(context.Context, url.Values, http.Header) error { return nil }
	a, err := p.postToken(ctx, m, form, nobody, assertion)
	if err != nil {
		return nil, err
	}
	return &AccessToken{Token: a.AccessToken, Expiry: a.Expiry}, nil
}
