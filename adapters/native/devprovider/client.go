package devprovider

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// client implements op.Client: one confidential client for the code flow.
type client struct {
	id, secret             string
	redirectURIs           []string
	postLogoutRedirectURIs []string
	issuer                 string
}

func newClient(o Options) *client {
	return &client{o.ClientID, o.ClientSecret, o.RedirectURIs, o.PostLogoutRedirectURIs, o.Issuer}
}

func (c *client) GetID() string                       { return c.id }
func (c *client) RedirectURIs() []string              { return c.redirectURIs }
func (c *client) PostLogoutRedirectURIs() []string    { return c.postLogoutRedirectURIs }
func (c *client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c *client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c *client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken}
}

// AuthMethod is basic; the library then takes client_secret_post as well, because it
// only looks where the secret was found.
func (c *client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c *client) LoginURL(requestID string) string    { return c.issuer + loginURL(requestID) }
func (c *client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (c *client) IDTokenLifetime() time.Duration      { return idTokenLifetime }
func (c *client) ClockSkew() time.Duration            { return 0 }

// DevMode allows redirect URIs over http.
func (c *client) DevMode() bool { return true }

// IsScopeAllowed allows every scope: unknown ones are granted and mean nothing.
func (c *client) IsScopeAllowed(string) bool { return true }

// IDTokenUserinfoClaimsAssertion is false as it is by default in ZITADEL: profile and
// email are left to the userinfo endpoint.
func (c *client) IDTokenUserinfoClaimsAssertion() bool { return false }

func (c *client) RestrictAdditionalIdTokenScopes() func([]string) []string     { return allScopes }
func (c *client) RestrictAdditionalAccessTokenScopes() func([]string) []string { return allScopes }

func allScopes(scopes []string) []string { return scopes }

var errClient = errors.New("devprovider: unknown client or wrong secret")

// GetClientByClientID implements op.OPStorage.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.client.id {
		return nil, errClient
	}
	return s.client, nil
}

// AuthorizeClientIDSecret implements op.OPStorage.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != s.client.id || subtle.ConstantTimeCompare([]byte(secret), []byte(s.client.secret)) != 1 {
		return errClient
	}
	return nil
}
