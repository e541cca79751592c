package provider

import (
	"context"
	"net/url"

	"gatehouse/core/revocation"
)

// Revokes reports whether [Provider.Revoke] asks anybody; discovery may be needed to
// know.
func (p *Provider) Revokes(ctx context.Context) bool {
	if r, ok := p.protocol.(interface{ Revokes() bool }); ok {
		return r.Revokes()
	}
	address, err := p.endpoint(ctx, revocationEndpoint)
	return err == nil && address != ""
}

// Revoke revokes the refresh token, then the access token (RFC 7009).
func (OAuth) Revoke(ctx context.Context, p *Provider, g *Grant) error {
	address, err := p.endpoint(ctx, revocationEndpoint)
	if err != nil || address == "" {
		return err
	}
	return revocation.Tokens(ctx, g.Refresh, g.Access, func(ctx context.Context, form url.Values) error {
		a, err := p.send(ctx, address, form)
		if err != nil {
			return err
		}
		if code, _ := a.members.Text("error"); !revocation.Done(a.status, code) {
			return a.failure("revocation endpoint")
		}
		return nil
	})
}
