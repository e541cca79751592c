// Package core assembles a gateway from a configuration and a platform. It is the
// same on every runtime; adapters hand in what differs.
package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"gatehouse/core/assertion"
	"gatehouse/core/broker"
	"gatehouse/core/clientauth"
	"gatehouse/core/config"
	"gatehouse/core/cookie"
	"gatehouse/core/dpop"
	"gatehouse/core/egress"
	"gatehouse/core/exchange"
	"gatehouse/core/gateway"
	"gatehouse/core/identity"
	"gatehouse/core/kv"
	"gatehouse/core/limit"
	"gatehouse/core/login"
	"gatehouse/core/oidc"
	"gatehouse/core/platform"
	"gatehouse/core/proxy"
	"gatehouse/core/seal"
	"gatehouse/core/session"
)

// Config is a validated configuration; [LoadConfig] makes one.
type Config = config.Config

// Platform is what the runtime provides.
type Platform = platform.Platform

// Identity is an authenticated subject.
type Identity = identity.Identity

// LoadConfig reads and validates a configuration; see [config.Load].
func LoadConfig(lookup config.Lookup) (*Config, error) { return config.Load(lookup) }

// maxProviderAnswer bounds what is read of a provider's answer.
const maxProviderAnswer = 1 << 20

// Gateway is what was assembled: the gateway, the broker, or both.
type Gateway struct {
	server   *exchange.Server
	handler  *gateway.Gateway // nil when only the broker runs
	broker   *broker.Broker   // nil when only the gateway runs
	sessions *session.Sessions
	tokens   gateway.Tokens
}

// New assembles a gateway. It makes no outbound call and no store operation. The
// error is a [config.Errors] for what only the use of a value shows.
func New(c *Config, p Platform) (*Gateway, error) {
	if p.KV == nil || p.Fetch == nil || p.Forward == nil && c.Gateway {
		return nil, fmt.Errorf("core: platform lacks KV, Fetch or Forward")
	}
	now, log, background := p.Now, p.Log, p.Background
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if c.Environment != "" {
		log = log.With("environment", c.Environment)
	}
	if background == nil {
		background = func(work func(context.Context)) { work(context.Background()) }
	}
	after := p.After
	if after == nil {
		after = func(d time.Duration, f func()) func() {
			t := time.AfterFunc(d, f)
			return func() { t.Stop() }
		}
	}
	limiter := p.Limiter
	if limiter == nil {
		limiter = limit.NewMemory(now)
	}

	secrets := make([][]byte, len(c.CookieSecrets))
	for i, s := range c.CookieSecrets {
		secrets[i] = []byte(s.Reveal())
	}
	keys, err := seal.NewKeyring(secrets...)
	if err != nil {
		return nil, config.Errors{{Name: "COOKIE_SECRET", Problem: err.Error(), Hint: "run: gatehouse keygen"}}
	}
	var signer *assertion.Signer
	if !c.AssertionKey.Empty() {
		if signer, err = assertion.New(c.AssertionKey.Reveal(), c.AppURL.String(), c.AssertionAudience, now); err != nil {
			return nil, config.Errors{{Name: "ASSERTION_KEY", Problem: err.Error(), Hint: "run: gatehouse keygen --assertion"}}
		}
	}

	clientKey, err := newSigner(c, now)
	if err != nil {
		return nil, config.Errors{{Name: "CLIENT_KEY", Problem: err.Error(), Hint: "the JSON of an application key, whole"}}
	}

	upstream := c.Upstream
	if upstream == nil {
		upstream = &url.URL{} // nothing is forwarded
	}
	names := cookie.NewNames(c.CookieName, c.DevMode)
	store := kv.NewStore(p.KV, keys, now)
	hosts, plain := c.EgressList()
	calls := &egress.Client{Transport: p.Fetch, Hosts: hosts, PlainHosts: plain, Timeout: c.OutboundWait, MaxBody: maxProviderAnswer, Now: now}
	var assertions clientauth.AssertionFunc
	if clientKey != nil {
		assertions = clientKey.Fresh
	}
	provider := oidc.New(oidc.Options{
		Issuer: c.IssuerText, ClientID: c.ClientID, ClientSecret: c.ClientSecret, ClientAuth: c.ClientAuth,
		Scopes: c.Scopes, RequirePKCE: c.RequirePKCE, PAR: c.PAR, Algorithms: c.IDTokenAlgs, ClockSkew: c.ClockSkew,
		UserinfoClaims: c.UserinfoClaims, GroupsClaim: c.GroupsClaim, RolesClaim: c.RolesClaim, ProjectID: c.ProjectID,
		KeyBound: keyBound(c), Assertion: assertions, Egress: calls, Store: store, Now: now, Log: log, Background: background,
	})
	var revoker *gateway.Revoker
	if c.RevokeTokens {
		revoker = &gateway.Revoker{Provider: provider, Background: background, Log: log}
	}
	sessions := session.New(session.Options{
		Realm: c.IssuerText + " " + c.ClientID,
		Store: store, Keys: keys, Names: names, Kind: session.Kind(c.SessionKind),
		Idle: c.SessionIdle, Lifetime: c.SessionMax, Now: now, Log: log,
		Refresh: c.RefreshSessions, RefreshTimeout: c.OutboundWait, Discard: revoker.Tokens,
		Marks: c.BackchannelLogout || c.FrontchannelLogout || c.LogoutEverywhere, Announce: c.FrontchannelLogout,
	})
	rules := proxy.New(proxy.Options{
		Upstream: upstream, OwnCookie: names.Own, TrustedProxies: c.TrustedProxies, Origins: c.Origins,
		PublicPaths: c.PublicPaths, EncodedSlashPaths: c.EncodedSlashPaths,
		HeaderUser: c.HeaderUser, HeaderEmail: c.HeaderEmail, HeaderPreferredUsername: c.HeaderPreferredUsername,
		HeaderGroups: c.HeaderGroups, StripHeaders: c.StripHeaders, PassAuthorization: c.PassAuthorization,
	})
	all := &Gateway{server: &exchange.Server{Rules: rules, Now: now, Log: log}, sessions: sessions}
	if c.Broker {
		all.broker, err = newBroker(c, brokerParts{platform: p, keys: keys, names: names, store: store, limiter: limiter, now: now, log: log, background: background})
		if err != nil {
			return nil, err
		}
		all.server.Jobs = append(all.server.Jobs, all.broker)
	}
	if !c.Gateway {
		return all, nil
	}
	tokens := newTokens(c, provider, clientKey, calls, store, now, log, background)
	var proofs *dpop.Verifier
	if keyBound(c) {
		proofs = dpop.New(dpop.Options{Skew: c.ClockSkew, Now: now})
	}
	handler := gateway.New(gateway.Options{
		Origins: c.Origins, BasePath: c.BasePath, Issuer: c.IssuerText,
		Names: names, Keys: keys, Store: store, Sessions: sessions,
		Transactions: login.New(keys, names, now), Provider: provider, Rules: rules, Assertion: signer,
		Access: c.AccessRules, Tokens: tokens, Revoker: revoker, Proofs: proofs, ProofsOnly: c.DPoP == "required",
		Forward: p.Forward, Limiter: limiter, Background: background, After: after, Now: now, Log: log,
		LoginsPerMinute: c.LoginsPerMinute, TokensPerMinute: c.TokensPerMinute, ProviderLogout: c.ProviderLogout, PassAccessToken: c.PassAccessToken, CheckSessions: c.CheckSessions,
		ClockSkew: c.ClockSkew, StreamCheck: c.StreamCheck,
		BackchannelLogout: c.BackchannelLogout, FrontchannelLogout: c.FrontchannelLogout, LogoutEverywhere: c.LogoutEverywhere,
	})
	all.handler, all.tokens = handler, tokens
	all.server.Jobs = append(all.server.Jobs, handler)
	return all, nil
}

// ServeHTTP implements [http.Handler].
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.server.ServeHTTP(w, r) }

// Ready reports whether the store answers and the provider's documents are at hand; those
// of the broker's providers are not asked for. Client id, secret and redirect URIs show
// in the first login only.
func (g *Gateway) Ready(ctx context.Context) error {
	if g.handler == nil {
		if err := g.broker.Ready(ctx); err != nil {
			return errors.Join(gateway.ErrStore, err)
		}
		return nil
	}
	return g.handler.Ready(ctx)
}

// Protect returns a handler beside the gateway that serves next to those who are
// logged in and treats others as it would for the application. next finds who it
// is with [IdentityFrom]. Without a gateway nobody is logged in, and next is never served.
func (g *Gateway) Protect(next http.Handler) http.Handler {
	if g.handler == nil {
		return g.server
	}
	return g.handler.Protect(g.server, next)
}

// Sessions lists and revokes sessions, for administration.
func (g *Gateway) Sessions() *session.Sessions { return g.sessions }

// ErrNoAnswers says that BEARER_TOKENS is not introspection, so that there are no answers
// about access tokens to forget.
var ErrNoAnswers = errors.New("core: access tokens are not verified by introspection")

// ClearTokens drops the provider's answers about all access tokens, for administration:
// each token is asked about again. It returns how many records were removed from the
// store; see [introspection.Introspector.Clear] for other processes. The error is
// ErrNoAnswers, introspection.ErrNoList or the store's.
func (g *Gateway) ClearTokens(ctx context.Context) (removed int, err error) {
	asked, ok := g.tokens.(askedTokens)
	if !ok {
		return 0, ErrNoAnswers
	}
	return asked.Clear(ctx)
}

// IdentityFrom returns who made the request, inside a handler that [Gateway.Protect]
// guards; elsewhere false.
func IdentityFrom(ctx context.Context) (*Identity, bool) { return identity.FromContext(ctx) }
