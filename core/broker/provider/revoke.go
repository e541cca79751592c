package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Revokes reports whether [Provider.Revoke] asks anybody; discovery may be needed to
// know.
func (p *Provider) Revokes(ctx context.Context) bool {
	if r, ok := p.protocol.(interface{ Revokes() bool }); ok {
		return r.Revokes()
	}
	address, err := p.endpoint(ctx, revocation)
	return err == nil && address != ""
}

// Revoke revokes the refresh token, then the access token (RFC 7009).
func (OAuth) Revoke(ctx context.Context, p *Provider, g *Grant) error {
	address, err := p.endpoint(ctx, revocation)
	if err != nil || address == "" {
		return err
	}
	var errs []error
	for _, t := range []struct{ hint, value string }{
		{"refresh_token", g.Refresh.Reveal()}, {"access_token", g.Access.Reveal()},
	} {
		if t.value == "" {
			continue
		}
		a, err := p.send(ctx, address, url.Values{"token": {t.value}, "token_type_hint": {t.hint}})
		switch {
		case err != nil:
			errs = append(errs, err)
		case a.status == http.StatusOK || a.status == http.StatusNoContent:
		case a.status == http.StatusBadRequest:
			// Google, for a token that went with the other, or is not known.
			if code, _ := a.members.Text("error"); code != "invalid_token" && code != "unsupported_token_type" {
				errs = append(errs, a.failure("revocation endpoint"))
			}
		default:
			errs = append(errs, a.failure("revocation endpoint"))
		}
	}
	return errors.Join(errs...)
}
