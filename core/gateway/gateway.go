// Package gateway puts OpenID Connect login in front of an application: it serves
// the login and logout routes and passes everything else on for those who are
// logged in. One step per file.
//
// It guarantees that a request for the application without credentials causes no
// outbound call and no store operation, that the application sees no identity but
// the one established here, and that nothing a client sends makes it answer 5xx.
package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"gatehouse/core/access"
	"gatehouse/core/assertion"
	"gatehouse/core/cookie"
	"gatehouse/core/dpop"
	"gatehouse/core/exchange"
	"gatehouse/core/kv"
	"gatehouse/core/login"
	"gatehouse/core/oidc"
	"gatehouse/core/platform"
	"gatehouse/core/proxy"
	"gatehouse/core/seal"
	"gatehouse/core/session"
)

// Options are the parts that core assembles. All are required unless marked.
type Options struct {
	Origins  []*url.URL // public origins; the first is the default
	BasePath string
	Issuer   string // as the provider names itself

	Names        cookie.Names
	Keys         *seal.Keyring
	Store        *kv.Store
	Sessions     *session.Sessions
	Transactions *login.Transactions
	Provider     *oidc.Provider
	Rules        *proxy.Rules
	Assertion    *assertion.Signer // nil: none is sent
	Tokens       Tokens            // nil: access tokens are not looked at
	Proofs       *dpop.Verifier    // nil: tokens that are bound to a key are refused
	Access       *access.Rules     // nil: who is logged in may request everything
	Revoker      *Revoker          // nil: tokens of sessions that end are left alone

	Forward    platform.Forwarder
	Limiter    platform.Limiter
	Background func(func(context.Context))
	After      func(time.Duration, func()) (stop func())
	Now        func() time.Time
	Log        *slog.Logger

	LoginsPerMinute int
	// TokensPerMinute bounds the questions to the provider about access tokens that one
	// client address causes.
	TokensPerMinute int
	ProviderLogout  bool
	PassAccessToken bool
	// ProofsOnly refuses access tokens without a proof. It needs Proofs.
	ProofsOnly bool
	// BackchannelLogout takes logout tokens of the provider; Sessions must have marks.
	BackchannelLogout bool
	// FrontchannelLogout lets pages of Issuer's origin end sessions; Sessions must announce
	// them.
	FrontchannelLogout bool
	// LogoutEverywhere offers to end all sessions of who logs out; Sessions must have marks.
	LogoutEverywhere bool
	// CheckSessions verifies sessions' access tokens by Tokens.
	CheckSessions bool
	// ClockSkew is how far the provider's clock may be from ours.
	ClockSkew time.Duration
	// StreamCheck is how often sessions and tokens of streams are asked for again.
	StreamCheck time.Duration
}

// Gateway is an [exchange.Job]. It is safe for concurrent use.
type Gateway struct {
	Options
	routes map[string]route
	ready  readiness
}

// route is one of the gateway's own addresses.
type route struct {
	methods []string
	// api routes answer programs: never with a page.
	api   bool
	serve func(*exchange.Exchange)
}

// New returns the gateway made of o.
func New(o Options) *Gateway {
	g := &Gateway{Options: o}
	get := []string{http.MethodGet, http.MethodHead}
	g.routes = map[string]route{
		g.BasePath + "/login":           {methods: get, serve: g.loginPage},
		g.BasePath + "/login/initiate":  {methods: []string{http.MethodGet, http.MethodPost}, serve: g.initiate},
		g.BasePath + "/login/authorize": {methods: []string{http.MethodGet}, serve: g.authorize},
		g.BasePath + "/login/callback":  {methods: []string{http.MethodGet}, serve: g.callback},
		g.BasePath + "/logout":          {methods: []string{http.MethodGet, http.MethodHead, http.MethodPost}, serve: g.logout},
		g.BasePath + "/logout/done":     {methods: get, serve: g.logoutDone},
		g.BasePath + "/api/whoami":      {methods: get, api: true, serve: g.whoami},
		g.BasePath + "/health":          {methods: get, api: true, serve: g.health},
		g.BasePath + "/ready":           {methods: get, api: true, serve: g.readiness},
	}
	if g.BackchannelLogout {
		g.routes[g.BasePath+"/logout/backchannel"] = route{methods: []string{http.MethodPost}, api: true, serve: g.backchannelLogout}
	}
	if g.FrontchannelLogout {
		g.routes[g.BasePath+"/logout/frontchannel"] = route{methods: []string{http.MethodGet}, serve: g.frontchannelLogout}
	}
	if g.Assertion != nil {
		g.routes[g.BasePath+"/api/keys"] = route{methods: get, api: true, serve: g.assertionKeys}
	}
	return g
}

// Owns implements [exchange.Job]: path is one of the gateway's own routes, which a
// login never returns to.
func (g *Gateway) Owns(path string) bool {
	_, ok := g.routes[path]
	return ok
}
