package provider

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"gatehouse/core/clientauth"
	"gatehouse/core/identity"
	"gatehouse/core/oidc"
	"gatehouse/core/pkce"
	"gatehouse/core/secret"
)

// OAuth is the [Protocol] of OAuth 2 authorization servers and OpenID providers.
type OAuth struct{}

// openID is the scope that asks for an ID token.
const openID = "openid"

// AuthorizationURL builds an authorization request (RFC 6749, section 4.1.1; RFC 7636,
// section 4.3). The endpoint's own query stays.
func (OAuth) AuthorizationURL(ctx context.Context, p *Provider, a Authorization) (string, error) {
	address, err := p.endpoint(ctx, authorization)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fail(Configuration, "malformed authorization endpoint")
	}
	q := u.Query()
	for name, value := range p.d.Parameters {
		q.Set(name, value)
	}
	for name, value := range map[string]string{
		"response_type": "code", "client_id": p.s.ClientID, "redirect_uri": a.RedirectURI, "state": a.State,
		"scope": joinScopes(a.Scopes), "code_challenge": a.Challenge,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if a.Challenge != "" {
		q.Set("code_challenge_method", pkce.Method)
	}
	if p.wantsIDToken(a.Scopes) {
		q.Set("nonce", a.Nonce)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// wantsIDToken reports whether a request for scopes is one of OpenID Connect.
func (p *Provider) wantsIDToken(scopes []string) bool {
	return p.oidc != nil && slices.Contains(scopes, openID)
}

// Redeem exchanges a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5) and verifies
// the ID token if one was asked for or came.
func (OAuth) Redeem(ctx context.Context, p *Provider, a Answer) (*Grant, error) {
	code, err := p.code(ctx, a.Query)
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.RedirectURI}}
	if a.Verifier != "" {
		form.Set("code_verifier", a.Verifier)
	}
	g, err := p.requestToken(ctx, form, Invalid)
	if err != nil {
		return nil, err
	}
	if g.Scopes == nil {
		g.Scopes = a.Scopes
	}
	if p.oidc == nil {
		g.IDToken = secret.Text{}
		return g, nil
	}
	if p.wantsIDToken(a.Scopes) || !g.IDToken.Empty() {
		claims, err := p.oidc.VerifyIDToken(ctx, g.IDToken.Reveal(), a.Nonce, g.Access.Reveal())
		if err != nil {
			return nil, fromOIDC(err)
		}
		for _, name := range []string{"preferred_username", "name", "email"} {
			if g.Name = identity.Describing(claims, name); g.Name != "" {
				break
			}
		}
	}
	return g, nil
}

// Refresh redeems a refresh token (RFC 6749, section 6).
func (OAuth) Refresh(ctx context.Context, p *Provider, g *Grant) (*Grant, error) {
	if g.Refresh.Empty() {
		return nil, fail(Ended, "no refresh token")
	}
	newer, err := p.requestToken(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {g.Refresh.Reveal()}}, Ended)
	if err != nil {
		return nil, err
	}
	if newer.Refresh.Empty() {
		newer.Refresh = g.Refresh
	}
	if newer.Scopes == nil {
		newer.Scopes = g.Scopes
	}
	// An ID token that comes along says nothing that is used, and is not verified.
	newer.Name, newer.Session, newer.IDToken = g.Name, g.Session, g.IDToken
	return newer, nil
}

// authentication is how the client proves itself at the token endpoint.
func (p *Provider) authentication() clientauth.Method {
	switch p.s.ClientAuth {
	case oidc.ClientAuthNone:
		return clientauth.None(p.s.ClientID)
	case oidc.ClientSecretPost:
		return clientauth.Post(p.s.ClientID, p.s.ClientSecret)
	}
	return clientauth.Basic(p.s.ClientID, p.s.ClientSecret)
}

// send posts a form to an endpoint as the client. The error is an [*Error].
func (p *Provider) send(ctx context.Context, address string, form url.Values) (*answer, error) {
	secrets := secretsOf(form)
	form = maps.Clone(form)
	header := map[string][]string{}
	if err := p.authentication()(ctx, form, header); err != nil {
		return nil, wrap(Configuration, err)
	}
	r, err := newRequest("POST", address, form.Encode())
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, header)
	return p.do(ctx, r, secrets)
}

// secretsOf returns the values of a form that no error may repeat.
func secretsOf(form url.Values) []string {
	var all []string
	for _, name := range []string{"code", "code_verifier", "refresh_token", "token"} {
		if v := form.Get(name); v != "" {
			all = append(all, v)
		}
	}
	return all
}
