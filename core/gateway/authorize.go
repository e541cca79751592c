package gateway

import (
	"errors"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/oidc"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
)

// authorize is GET /login/authorize: it starts a login transaction and sends the
// browser to the provider (OpenID Connect Core 1.0, section 3.1.2.1).
func (g *Gateway) authorize(x *exchange.Exchange) {
	if !g.allow(x, "login-start") {
		return
	}
	w := g.loginWanted(x.R.URL.Query())
	origin := x.Peer.Origin.String()
	t, cookies := g.Transactions.Start(x.R.Header["Cookie"], origin, w.target, w.demand)
	location, err := g.Provider.AuthorizationURL(x.Context, oidc.AuthorizationRequest{
		RedirectURI: g.redirectURI(origin),
		State:       t.State,
		Nonce:       t.Nonce,
		Verifier:    t.Verifier,
		Demand:      t.Demand,
		LoginHint:   w.hint,
	})
	if err != nil {
		x.Again = g.loginAddress(w)
		g.Refuse(x, providerProblem(err))
		return
	}
	x.SetCookies(cookies)
	x.Redirect(location)
}

// redirectURI is the callback on origin (RFC 6749, section 3.1.2).
func (g *Gateway) redirectURI(origin string) string {
	return origin + g.BasePath + "/login/callback"
}

// allow counts the request against its client's budget; when that is used up it
// answers 429 and reports false. What a page loads into itself, as an image or a frame,
// is refused and not counted: any site could use up its visitors' budget that way.
func (g *Gateway) allow(x *exchange.Exchange, name string) bool {
	if exchange.Embedded(x.R) {
		g.Refuse(x, problem.CrossSite)
		return false
	}
	limit := platform.Limit{Name: name, Count: g.LoginsPerMinute, Per: time.Minute}
	wait, ok := g.Limiter.Allow(x.Context, limit, proxy.LimitKey(x.Peer.Addr))
	if !ok {
		g.Refuse(x, problem.RateLimited.After(wait))
	}
	return ok
}

// providerProblem maps what went wrong at the provider.
func providerProblem(err error) *problem.Problem {
	var idToken *oidc.IDTokenError
	var token *oidc.TokenError
	switch {
	case errors.Is(err, oidc.ErrNonce):
		return problem.InvalidResponse.With(err)
	case errors.Is(err, oidc.ErrWeakLogin):
		return problem.LoginTooWeak.With(err)
	case errors.As(err, &token) && token.Code == "invalid_grant":
		return problem.CodeRefused.With(err)
	case errors.Is(err, oidc.ErrTokenRefused):
		return problem.TokenRefused.With(err)
	case errors.As(err, &idToken), errors.Is(err, oidc.ErrIDToken), errors.Is(err, oidc.ErrUserinfo):
		return problem.IDTokenInvalid.With(err)
	}
	return problem.ProviderUnavailable.With(err)
}
