// Package config reads and validates the configuration, which also decides the jobs that
// run: the gateway, the broker, or both. Every setting
// is one [Field] of a table: the parser, the messages and the reference in
// docs/configuration.md come from the same place.
//
// A configuration that was loaded is safe: insecure combinations are errors, all
// of them reported at once.
package config

import (
	"net/netip"
	"net/url"
	"time"

	"gatehouse/core/access"
	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

// Config is a validated configuration. Make one with [Load]; it is read-only
// afterwards.
type Config struct {
	// AppURL is the public origin, scheme and host only. Origins lists it first
	// and then the further ones that the gateway answers for.
	AppURL  *url.URL
	Origins []*url.URL
	// BasePath precedes the gateway's own routes: "" or "/name".
	BasePath string
	DevMode  bool
	// Environment names the deployment in every line of the log; "" means nothing.
	Environment string

	// Upstream is the application, scheme, host and optional path.
	Upstream        *url.URL
	UpstreamTimeout time.Duration

	Issuer       *url.URL
	IssuerText   string // as configured; compared exactly with what providers say
	ClientID     string
	ClientSecret secret.Text
	ClientAuth   string // client_secret_basic, client_secret_post, private_key_jwt or none
	Scopes       []string
	ClientKey    secret.Text // application key file in the form of ZITADEL, for private_key_jwt
	RequirePKCE  bool
	// PAR is when authorization requests are pushed: auto, on or off.
	PAR         string
	IDTokenAlgs []string
	ClockSkew   time.Duration
	// UserinfoClaims lists the claims for which userinfo is asked when the ID
	// token lacks one of them.
	UserinfoClaims []string
	GroupsClaim    string
	RolesClaim     string
	ProjectID      string
	EgressHosts    []string
	OutboundWait   time.Duration

	CookieSecrets []secret.Text
	CookieName    string
	SessionKind   string // browser, idle or fixed
	SessionIdle   time.Duration
	SessionMax    time.Duration

	// BearerTokens is how bearer tokens are verified: off, introspection or jwt.
	BearerTokens string
	// DPoP is whether tokens that are bound to a key are accepted: off, allowed or
	// required.
	DPoP               string
	Audiences          []string
	RequiredScopes     []string
	IntrospectionCache time.Duration
	// CheckSessions verifies the access token of a session with every request, under
	// the same cache.
	CheckSessions bool
	// RefreshSessions redeems the refresh tokens of sessions.
	RefreshSessions bool

	// AccessRules decide what those who are logged in may request; nil: everything.
	AccessRules     *access.Rules
	AccessRulesText string // as configured

	PublicPaths       []string
	EncodedSlashPaths []string
	TrustedProxies    []netip.Prefix
	LoginsPerMinute   int
	TokensPerMinute   int
	ProviderLogout    bool
	// RevokeTokens revokes a session's tokens at the provider when it is logged out.
	RevokeTokens bool
	// StreamCheck is how often the session of a stream is asked for again.
	StreamCheck        time.Duration
	BackchannelLogout  bool
	FrontchannelLogout bool
	LogoutEverywhere   bool

	HeaderUser              string
	HeaderEmail             string
	HeaderPreferredUsername string
	HeaderGroups            string
	StripHeaders            []string
	PassAccessToken         bool
	PassAuthorization       bool
	AssertionKey            secret.Text // PEM, empty: no assertion
	AssertionAudience       string

	// Gateway and Broker are the jobs: logins in front of an application, and logins of
	// programs at providers. At least one is true.
	Gateway, Broker bool

	// ProviderNames are the broker's providers, and Providers their settings.
	ProviderNames []string
	Providers     []provider.Settings
	Redirects     []string // redirect URIs of browser applications
	ScriptOrigins []string // for CORS
	AppKeys       []AppKey // empty: none is asked for
	// BrokerPerMinute and AppPerMinute bound requests to the broker for a client address
	// and for an application.
	BrokerPerMinute, AppPerMinute int
	// Compatibility accepts logins that nothing binds to whoever began them.
	Compatibility bool
	// APIKey and APISecret are those of the only provider.
	APIKey    string
	APISecret secret.Text
}

// Lookup returns a setting's text and whether it is present at all. A setting that
// is present but empty counts as absent.
type Lookup func(name string) (string, bool)

// Load reads every field from lookup and validates the whole. The
// error is an [Errors] that lists each mistake.
func Load(lookup Lookup) (*Config, error) {
	c := &Config{Gateway: anySet(lookup, gatewaySettings), Broker: anySet(lookup, brokerSettings)}
	fields := Fields(c)
	for i := range fields {
		fields[i].Required = fields[i].Required && (c.Gateway || !fields[i].Gateway)
	}
	errs := Parse(fields, lookup)
	errs = append(errs, c.parseProviders(lookup)...)
	if !c.Gateway && !c.Broker {
		errs = append(errs, noJob)
	}
	errs = append(errs, c.check(errs)...)
	errs = append(errs, c.checkBroker(errs)...)
	if len(errs) > 0 {
		return nil, errs
	}
	return c, nil
}
