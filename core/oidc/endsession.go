package oidc

import (
	"context"
	"net/url"
	"strings"

	"gatehouse/core/secret"
)

// EndSession is a logout at the provider; empty fields are left out.
type EndSession struct {
	IDTokenHint           secret.Text
	PostLogoutRedirectURI string
	State                 string
}

// maxEndSessionURL keeps the address below what browsers and servers take. The hint
// is dropped rather than the logout.
const maxEndSessionURL = 8000

// EndSessionURL returns the address to send the browser to for a logout at the
// provider (OpenID Connect RP-Initiated Logout 1.0, section 2). offered is false, and
// address empty, when the provider has no such endpoint. The address holds the ID
// token: callers send it in a Location and never log it. The error is ErrUnavailable
// or ErrMetadata.
func (p *Provider) EndSessionURL(ctx context.Context, e EndSession) (address string, offered bool, err error) {
	m, err := p.Metadata(ctx)
	if err != nil || m.EndSessionEndpoint == "" {
		return "", false, err
	}
	query := url.Values{"client_id": {p.o.ClientID}}
	for name, value := range map[string]string{
		"id_token_hint":            e.IDTokenHint.Reveal(),
		"post_logout_redirect_uri": e.PostLogoutRedirectURI,
		"state":                    e.State,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	address = withQuery(m.EndSessionEndpoint, query)
	if len(address) > maxEndSessionURL {
		query.Del("id_token_hint")
		address = withQuery(m.EndSessionEndpoint, query)
	}
	return address, true, nil
}

// withQuery appends query to an endpoint that may have one of its own.
func withQuery(endpoint string, query url.Values) string {
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	return endpoint + separator + query.Encode()
}
