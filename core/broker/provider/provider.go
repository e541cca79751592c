// Package provider is how the broker speaks to those who issue tokens: OAuth 2
// authorization servers (RFC 6749, RFC 7636, RFC 9207), OpenID providers, and Last.fm.
//
// A provider is a [Definition], which is data, with a [Protocol] where OAuth 2 is not
// what it speaks. It guarantees that secrets, tokens and signatures go to the
// addresses of the definition and of the configuration only, that no redirect is
// followed, that every exchange has a deadline and every answer a bound, and that a
// call which the allow-list does not name is not made. No error and no log record
// contains a token, code, secret, verifier or signature.
//
// Callers bind state, nonce and verifier to who began, compare state before
// [Provider.Redeem], and redeem an answer once.
package provider

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/kv"
	"gatehouse/core/oidc"
	"gatehouse/core/secret"
)

// Settings configure one provider. ClientID is required; what is empty otherwise comes
// from the definition of Name, if there is one.
type Settings struct {
	// Name is what routes and settings call the provider.
	Name string
	// Title is what people call it.
	Title        string
	ClientID     string
	ClientSecret secret.Text
	// ClientAuth is one of the constants of package oidc but private_key_jwt.
	ClientAuth string
	// Issuer gives the endpoints by discovery; those that are set here win.
	Issuer                string
	AuthorizationEndpoint string
	TokenEndpoint         string
	UserinfoEndpoint      string
	RevocationEndpoint    string
	// API is the address that paths of calls are relative to.
	API string
	// Scopes are asked for when a client names none.
	Scopes []string
	// AllowedScopes are what clients may ask for; empty means Scopes.
	AllowedScopes []string
	// Calls is the allow-list: "GET /v1/me", "PUT /v1/me/player/*"; Last.fm: names of methods.
	Calls []string
	// HandOver lets clients have the provider's own token.
	HandOver bool
	// Desktop allows the flow without a callback, where the provider has one: nothing
	// binds the person who allows it to the program that asks.
	Desktop bool
}

// Parts are what a provider works with. Fetch is required.
type Parts struct {
	Fetch http.RoundTripper
	// Hosts are further hosts that endpoints may be on, PlainHosts those that may be
	// asked over http; see [egress.Client]. The hosts of addresses in settings and
	// definitions need no mention in Hosts.
	Hosts, PlainHosts []string
	// Timeout bounds an exchange, and the wait for a call's answer; 0 means 10 s.
	Timeout time.Duration
	// Store caches documents of discovery; nil means that only memory does.
	Store *kv.Store
	// ClockSkew is how far the provider's clock may differ from ours; 0 means a minute.
	ClockSkew time.Duration
	Now       func() time.Time
	Log       *slog.Logger
	// Background runs what an answer need not wait for; nil runs it at once.
	Background func(func(context.Context))
	// Definitions are added to those that are built in, which they replace by name.
	Definitions []Definition
}

// Provider is one provider as seen by one client. It is safe for concurrent use.
type Provider struct {
	s        Settings // completed from d
	d        Definition
	protocol Protocol
	now      func() time.Time
	egress   *egress.Client
	oidc     *oidc.Provider // nil without an issuer
	calls    []pattern
}

// Name is the provider's name in routes.
func (p *Provider) Name() string { return p.s.Name }

// Title is the provider's name for people.
func (p *Provider) Title() string { return p.s.Title }

// HandOver reports whether clients may have the provider's own token.
func (p *Provider) HandOver() bool { return p.s.HandOver }

// Desktop reports whether programs may use a flow without a callback, which begins with
// [Provider.RequestToken]: the provider has one and the settings allow it.
func (p *Provider) Desktop() bool { return p.s.Desktop && p.ShowsToken() }

// ShowsToken reports whether the provider shows people a token of its own, which a
// program redeems in place of a code.
func (p *Provider) ShowsToken() bool {
	_, ok := p.protocol.(DesktopProtocol)
	return ok
}

// Scopes returns what is asked for when a client names nothing, and what clients may
// ask for. Both are read-only.
func (p *Provider) Scopes() (standard, allowed []string) { return p.s.Scopes, p.s.AllowedScopes }

// Format implements [fmt.Formatter]: a provider prints as its name, whatever the verb,
// because its settings hold the client secret.
func (p *Provider) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "provider.Provider(%s)", p.s.Name) }

// Authorization is a request to be allowed something.
type Authorization struct {
	// State comes back with the answer.
	State       string
	RedirectURI string
	// Challenge is the S256 code challenge (RFC 7636); a provider without PKCE ignores it.
	Challenge string
	// Nonce of an ID token; used where the provider is an OpenID provider.
	Nonce string
	// Scopes as [Provider.CheckScopes] returned them.
	Scopes []string
	// Token is what [Provider.RequestToken] returned, in the desktop flow; State and
	// RedirectURI are then not used.
	Token string
}

// AuthorizationURL returns the address to send the person's browser to. The error is an
// [*Error] of kind Unavailable or Configuration.
func (p *Provider) AuthorizationURL(ctx context.Context, a Authorization) (string, error) {
	return p.protocol.AuthorizationURL(ctx, p, a)
}

// RequestToken gets the token of a desktop flow, which the person then authorizes. It is
// an error of kind Unsupported unless [Provider.Desktop].
func (p *Provider) RequestToken(ctx context.Context) (string, error) {
	d, ok := p.protocol.(DesktopProtocol)
	if !ok {
		return "", fail(Unsupported, "no desktop flow")
	}
	return d.RequestToken(ctx, p)
}

// Answer is what a person's browser brought back, or the token of a desktop flow.
type Answer struct {
	// Query is the callback's, whole; state has been compared.
	Query url.Values
	// RedirectURI, Verifier and Nonce belong to the request.
	RedirectURI, Verifier, Nonce string
	// Scopes were asked for; they count as granted where the provider does not say.
	Scopes []string
	// Token of a desktop flow; Query is then not used.
	Token string
}

// Redeem exchanges an answer for a grant. An answer that says "error", lacks the code,
// repeats a parameter or comes from another issuer (RFC 9207) costs no request. The
// error is an [*Error]: Denied, Invalid, Expired, Pending (desktop: not allowed yet),
// Scope, Configuration, Malformed, Unavailable or Busy.
func (p *Provider) Redeem(ctx context.Context, a Answer) (*Grant, error) {
	return p.protocol.Redeem(ctx, p, a)
}

// Refresh exchanges g's refresh token for a newer grant, which keeps what the provider
// does not repeat, the refresh token included. g is not changed. The error is an
// [*Error]: Ended when the provider refused for good or there is no refresh token,
// else Configuration, Malformed, Unavailable or Busy.
func (p *Provider) Refresh(ctx context.Context, g *Grant) (*Grant, error) {
	return p.protocol.Refresh(ctx, p, g)
}

// Revoke asks the provider to forget g. It is nil where the provider cannot, see
// [Provider.Revokes].
func (p *Provider) Revoke(ctx context.Context, g *Grant) error {
	return p.protocol.Revoke(ctx, p, g)
}

// Profile asks who the person is, by the name that the provider shows. It is empty
// where there is no way to ask.
func (p *Provider) Profile(ctx context.Context, g *Grant) (string, error) {
	return p.protocol.Profile(ctx, p, g)
}
