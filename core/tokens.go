package core

import (
	"context"
	"log/slog"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/clientauth"
	"gatehouse/core/egress"
	"gatehouse/core/gateway"
	"gatehouse/core/identity"
	"gatehouse/core/introspection"
	"gatehouse/core/kv"
	"gatehouse/core/oidc"
	"gatehouse/core/secret"
	"gatehouse/core/signing"
)

// newSigner returns what makes the client's assertions, nil unless c has a key.
func newSigner(c *Config, now func() time.Time) (*signing.Signer, error) {
	if c.ClientKey.Empty() {
		return nil, nil
	}
	key, err := signing.ParseKeyFile([]byte(c.ClientKey.Reveal()), signing.Application)
	if err != nil {
		return nil, err
	}
	return signing.New(signing.Options{Key: key, Now: now})
}

// keyBound reports whether access tokens that are bound to a key may be accepted.
func keyBound(c *Config) bool { return c.DPoP == "allowed" || c.DPoP == "required" }

// newTokens returns what verifies access tokens, nil when they are not looked at.
func newTokens(c *Config, p *oidc.Provider, signer *signing.Signer, calls *egress.Client, store *kv.Store,
	now func() time.Time, log *slog.Logger, background func(func(context.Context))) gateway.Tokens {
	switch c.BearerTokens {
	case "jwt":
		return localTokens{p, c.Audiences, c.RequiredScopes}
	case "introspection":
		auth := clientauth.Basic(c.ClientID, c.ClientSecret)
		switch c.ClientAuth {
		case oidc.ClientSecretPost:
			auth = clientauth.Post(c.ClientID, c.ClientSecret)
		case oidc.PrivateKeyJWT:
			// A question is asked for every token: the same assertion serves many.
			auth = clientauth.PrivateKeyJWT(c.IssuerText, signer.Assertion)
		}
		return askedTokens{introspection.New(introspection.Options{
			Endpoint: func(ctx context.Context) (string, error) {
				m, err := p.Metadata(ctx)
				if err != nil {
					return "", err
				}
				return m.IntrospectionEndpoint, nil
			},
			ClientID: c.ClientID, Auth: auth,
			Policy:  bearer.Policy{Issuer: c.IssuerText, Audiences: c.Audiences, Scopes: c.RequiredScopes, Leeway: c.ClockSkew, KeyBound: keyBound(c)},
			Mapping: identity.Mapping{GroupsClaim: c.GroupsClaim, RolesClaim: c.RolesClaim, ProjectID: c.ProjectID},
			Cap:     c.IntrospectionCache,
			Egress:  calls, Store: store, Now: now, Log: log, Background: background,
		})}
	}
	return nil
}

// askedTokens are verified by introspection.
type askedTokens struct{ *introspection.Introspector }

// Verify implements [gateway.Tokens].
func (t askedTokens) Verify(ctx context.Context, token secret.Text, admit func(context.Context) error) (*bearer.Token, error) {
	return t.IntrospectIf(ctx, token, admit)
}

// localTokens are verified by the provider's keys.
type localTokens struct {
	provider  *oidc.Provider
	audiences []string
	scopes    []string
}

// Verify implements [gateway.Tokens]: nobody is asked.
func (t localTokens) Verify(ctx context.Context, token secret.Text, _ func(context.Context) error) (*bearer.Token, error) {
	known, err := t.provider.VerifyAccessToken(ctx, token.Reveal(), t.audiences)
	if err != nil {
		return nil, err
	}
	return known, known.Require(t.scopes...)
}

// Forget implements [gateway.Tokens]: nothing is remembered.
func (localTokens) Forget(context.Context, secret.Text) error { return nil }
