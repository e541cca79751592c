package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"gatehouse/core/access"
	"gatehouse/core/exchange"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
	"gatehouse/core/returnpath"
	"gatehouse/core/stepup"
)

// pass is everything that is not a route of the gateway: it goes to the
// application if its path is public or its sender is logged in.
func (g *Gateway) pass(x *exchange.Exchange) {
	if g.Rules.Public(x.Path) {
		g.forward(x, nil)
		return
	}
	if g.Access.Preflight(x.R, x.Path) {
		g.forward(x, nil)
		return
	}
	if who := g.admit(x); who != nil {
		g.forward(x, who)
	}
}

// admit returns who makes the request, if the rules let them make it; otherwise it
// answers and returns nil.
func (g *Gateway) admit(x *exchange.Exchange) *caller {
	who, ok := g.authenticate(x)
	if !ok {
		return nil
	}
	if who == nil {
		g.demandLogin(x)
		return nil
	}
	if g.Access == nil {
		return who
	}
	d := g.Access.Decide(x.R.Method, x.Path, access.Subject{Identity: who.identity, Scopes: who.scopes, Claims: who.claims(),
		Login: who.login(), Now: g.Now(), Skew: g.ClockSkew})
	if d.Allowed {
		return who
	}
	cause := fmt.Errorf("access rule in line %d: %s", d.Rule, d.Reason)
	if d.Demand.Empty() {
		g.Refuse(x, problem.NotPermitted.With(cause))
	} else {
		g.demandStronger(x, who, d.Demand, cause)
	}
	return nil
}

// demandLogin answers who is not logged in: a person is sent to log in and back
// again, a program is told so.
func (g *Gateway) demandLogin(x *exchange.Exchange) {
	if !exchange.Navigation(x.R) {
		g.Refuse(x, problem.LoginRequired)
		return
	}
	g.sendToLogin(x, stepup.Demand{})
}

// sendToLogin sends a person to the login page and back again.
func (g *Gateway) sendToLogin(x *exchange.Exchange, demand stepup.Demand) {
	target := x.Path
	if x.R.URL.RawQuery != "" {
		target += "?" + x.R.URL.RawQuery
	}
	x.Redirect(g.loginAddress(wanted{target: returnpath.Parse(target, g.Owns), demand: demand}))
}

// forward sends the request on, with who's identity unless who is nil.
func (g *Gateway) forward(x *exchange.Exchange, who *caller) {
	additions := proxy.Additions{RequestID: x.ID, Peer: x.Peer}
	if who != nil {
		headers, err := g.identityHeaders(who)
		if err != nil {
			g.Refuse(x, problem.IdentityTooLarge.With(err))
			return
		}
		additions.Identity, additions.IdentityHeaders = who.identity, headers
		if g.PassAccessToken {
			additions.AccessToken = who.accessToken
		}
		if g.Assertion != nil {
			if additions.Assertion, err = g.Assertion.Sign(who.identity, who.ref); err != nil {
				g.Refuse(x, problem.Internal.With(err))
				return
			}
		}
	}
	out, err := g.Rules.Outgoing(x.R, x.Path, additions)
	switch {
	case errors.Is(err, proxy.ErrMethod):
		g.Refuse(x, problem.MethodNotAllowed.With(err))
		return
	case errors.Is(err, proxy.ErrIdentityTooLarge):
		g.Refuse(x, problem.IdentityTooLarge.With(err))
		return
	case err != nil:
		g.Refuse(x, problem.InvalidPath.With(err))
		return
	}
	var s *stream
	if who != nil {
		s, out = g.newStream(x, who, out)
		defer s.close()
	}
	err = g.Forward.Forward(x.W, out, func(status int, h http.Header) {
		x.Status = status
		if platform.Lasts(out, status, h) {
			s.watch()
		}
		g.Rules.EditAnswer(status, h)
		h.Set("X-Request-Id", x.ID)
		if len(x.Cookies) > 0 {
			keepPrivate(h)
		}
		for _, c := range x.Cookies {
			h.Add("Set-Cookie", c)
		}
	})
	if err == nil {
		return
	}
	if s != nil {
		if p := s.refusal(); p != nil {
			g.Refuse(x, p)
			return
		}
	}
	g.Refuse(x, upstreamProblem(err))
}

// keepPrivate keeps caches from storing an application's answer that carries a
// cookie of the gateway: headers for one kind of cache overrule Cache-Control there
// (RFC 9213, section 2.2, and its predecessors).
func keepPrivate(h http.Header) {
	for name := range h {
		switch lower := strings.ToLower(name); {
		case strings.HasSuffix(lower, "-cache-control"), lower == "surrogate-control", lower == "edge-control", lower == "x-accel-expires":
			delete(h, name)
		}
	}
	h.Set("Cache-Control", "no-store")
}

// upstreamProblem maps what went wrong on the way to the application.
func upstreamProblem(err error) *problem.Problem {
	switch {
	case errors.Is(err, platform.ErrUpgradeUnsupported):
		return problem.UpgradeUnsupported
	case errors.Is(err, platform.ErrRequestBody):
		return problem.RequestBody.With(err)
	case errors.Is(err, platform.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return problem.UpstreamTimeout.With(err)
	}
	return problem.UpstreamUnreachable.With(err)
}
