package provider

import (
	"context"
	"errors"
	"net/url"

	"gatehouse/core/egress"
	"gatehouse/core/oidc"
)

// endpoints, by what their settings are called.
type endpoint int

const (
	authorization endpoint = iota
	token
	userinfo
	revocationEndpoint
)

// endpoint returns an address: the setting's, or discovery's. It is empty when the
// provider has none. The error is an [*Error].
func (p *Provider) endpoint(ctx context.Context, e endpoint) (string, error) {
	known := [...]string{p.s.AuthorizationEndpoint, p.s.TokenEndpoint, p.s.UserinfoEndpoint, p.s.RevocationEndpoint}[e]
	if known != "" || p.oidc == nil {
		return known, nil
	}
	m, err := p.oidc.Metadata(ctx)
	if err != nil {
		return "", fromOIDC(err)
	}
	return [...]string{m.AuthorizationEndpoint, m.TokenEndpoint, m.UserinfoEndpoint, m.RevocationEndpoint}[e], nil
}

// Origin is the origin of the address that [Provider.AuthorizationURL] returns, for a
// page's form-action. The error is as there.
func (p *Provider) Origin(ctx context.Context) (string, error) {
	address, err := p.endpoint(ctx, authorization)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fail(Configuration, "malformed authorization endpoint")
	}
	return u.Scheme + "://" + egress.Host(u), nil
}

// fromOIDC makes an [*Error] of what package oidc returns.
func fromOIDC(err error) error {
	kind := Malformed // ErrIDToken
	switch {
	case errors.Is(err, oidc.ErrUnavailable):
		kind = Unavailable
	case errors.Is(err, oidc.ErrMetadata):
		kind = Configuration
	case errors.Is(err, oidc.ErrIssuer):
		kind = Request
	}
	return wrap(kind, err)
}
