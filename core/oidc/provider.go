// Package oidc is an OpenID Connect relying party: discovery (OpenID Connect Discovery
// 1.0, RFC 8414), the authorization request with PKCE (RFC 6749, RFC 7636), pushed where
// wanted (RFC 9126), issuer
// identification (RFC 9207), the code's redemption, the ID token's validation
// (OpenID Connect Core 1.0, section 3.1.3.7), userinfo, and logout at the provider
// (RP-Initiated Logout 1.0, RFC 7009).
//
// It guarantees that a [Login] comes only from an ID token that the configured
// issuer signed for this client and this nonce, with an algorithm from the list.
// No error and no log record contains a token, code, secret or verifier.
//
// Callers keep state, nonce and verifier of a request bound to the browser, compare
// state themselves before [Provider.Redeem], and redeem a code once.
package oidc

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"gatehouse/core/clientauth"
	"gatehouse/core/egress"
	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// Ways to authenticate at the token endpoint (OpenID Connect Core 1.0, section 9).
const (
	ClientSecretBasic = "client_secret_basic"
	ClientSecretPost  = "client_secret_post"
	PrivateKeyJWT     = "private_key_jwt"
	ClientAuthNone    = "none"
)

// Options configures a [Provider]. Issuer, ClientID and Egress are required.
type Options struct {
	// Issuer is compared exactly with what the provider calls itself.
	Issuer       string
	ClientID     string
	ClientSecret secret.Text
	// ClientAuth is one of the constants; empty means ClientSecretBasic.
	ClientAuth string
	// Assertion makes the client's assertion for an audience, which is Issuer;
	// PrivateKeyJWT needs it.
	Assertion clientauth.AssertionFunc
	// Scopes of the authorization request; "openid" is added when missing.
	Scopes []string
	// RequirePKCE refuses a provider whose metadata does not list S256. The
	// challenge is sent in any case.
	RequirePKCE bool
	// PAR is one of the constants PushRequired, PushAlways and PushNever; empty means
	// PushRequired.
	PAR string
	// Algorithms lists the signatures accepted in ID tokens; empty means RS256,
	// ES256, PS256 and EdDSA. Names of other than public-key signatures are
	// ignored: they cannot be enabled.
	Algorithms []string
	// ClockSkew is how far the provider's clock may differ from ours.
	ClockSkew time.Duration
	// UserinfoClaims: userinfo is asked when the ID token lacks one of them.
	UserinfoClaims []string
	// GroupsClaim names the claim of the identity's groups; empty means none.
	GroupsClaim string
	// RolesClaim names the claim of the identity's roles; empty means none besides
	// ZITADEL's.
	RolesClaim string
	// ProjectID is the ZITADEL project whose roles are read.
	ProjectID string
	// KeyBound is [bearer.Policy]'s, for access tokens.
	KeyBound bool

	Egress *egress.Client
	// Store caches the provider's documents between processes; nil means that
	// only memory does.
	Store *kv.Store
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log receives warnings; nil discards them.
	Log *slog.Logger
	// Background runs what an answer need not wait for; nil runs it at once.
	Background func(func(context.Context))
}

// Provider is one issuer as seen by one client. It is safe for concurrent use. One
// that lives for a single request works: documents then come from Options.Store.
type Provider struct {
	o        Options
	issuer   *url.URL
	metadata *cache[*Metadata]
	keys     *cache[*keySet]
}

// New makes a provider without asking it anything. Options that no provider can
// satisfy show in the first call.
func New(o Options) *Provider {
	if o.ClientAuth == "" {
		o.ClientAuth = ClientSecretBasic
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Scopes = withOpenID(o.Scopes)
	o.Algorithms = acceptable(o.Algorithms)
	p := &Provider{o: o}
	p.issuer, _ = url.Parse(o.Issuer)
	if p.issuer == nil {
		p.issuer = &url.URL{}
	}
	shelf := &shelf{store: o.Store, log: o.Log, background: o.Background}
	p.metadata = &cache[*Metadata]{
		name: "metadata", now: o.Now, log: o.Log, shelf: shelf, fetch: p.fetchMetadata, parse: p.parseMetadata,
		address: func(context.Context) (string, error) { return p.discoveryURL(), nil },
	}
	p.keys = &cache[*keySet]{
		name: "keys", now: o.Now, log: o.Log, shelf: shelf, fetch: p.fetchKeys, parse: parseKeySet,
		address: p.keysURL,
	}
	return p
}

// Format implements [fmt.Formatter]: a provider prints as its issuer, whatever the
// verb, because its options hold the client secret.
func (p *Provider) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "oidc.Provider(%s)", p.o.Issuer) }

// Ready reports whether the provider's metadata and keys are at hand, cached or
// asked for now. The error is ErrUnavailable or ErrMetadata.
func (p *Provider) Ready(ctx context.Context) error {
	if _, err := p.Metadata(ctx); err != nil {
		return err
	}
	_, _, err := p.keys.get(ctx)
	return err
}
