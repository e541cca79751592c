package provider

import (
	"context"
	"net/http"

	"gatehouse/core/identity"
)

// standardNames are the members of userinfo that may name a person.
var standardNames = []string{"preferred_username", "name", "email", "login", "username", "display_name", "sub", "id"}

// Profile asks the userinfo endpoint.
func (OAuth) Profile(ctx context.Context, p *Provider, g *Grant) (string, error) {
	address, err := p.endpoint(ctx, userinfo)
	if err != nil || address == "" {
		return "", err
	}
	r, err := newRequest(http.MethodGet, address, "")
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+g.Access.Reveal())
	a, err := p.do(ctx, r, []string{g.Access.Reveal()})
	switch {
	case err != nil:
		return "", err
	case a.status == http.StatusUnauthorized:
		return "", fail(Unauthorized, "userinfo: status 401")
	case a.status != http.StatusOK || a.members == nil:
		return "", a.failure("userinfo")
	}
	names := p.d.NameMembers
	if names == nil {
		names = standardNames
	}
	for _, name := range names {
		if text := identity.Describing(a.members, name); text != "" {
			return text, nil
		}
	}
	return "", fail(Malformed, "userinfo: no name")
}
