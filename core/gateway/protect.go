package gateway

import (
	"net/http"

	"gatehouse/core/identity"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
)

// Protect returns a handler that serves next to those who are logged in and treats
// others as it would for the application. next finds the identity in the request's
// context, and logs and recovers for itself.
func (g *Gateway) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who := g.enter(w, r); who != nil {
			next.ServeHTTP(w, r.WithContext(identity.WithContext(r.Context(), who)))
		}
	})
}

// enter returns who makes the request, or nil after answering it.
func (g *Gateway) enter(w http.ResponseWriter, r *http.Request) *identity.Identity {
	x := &exchange{w: w, r: r, ctx: r.Context(), id: proxy.RequestID(r), started: g.Now(), peer: g.Rules.Peer(r)}
	refused := func(p *problem.Problem) *identity.Identity {
		defer g.finish(x)
		g.refuse(x, p)
		return nil
	}
	if tooLarge(r.Header) {
		return refused(problem.HeaderTooLarge)
	}
	path, err := g.Rules.Path(r)
	if err != nil {
		return refused(problem.InvalidPath.With(err))
	}
	x.path = path
	who := g.admit(x)
	if who == nil {
		g.finish(x)
		return nil
	}
	if len(x.cookies) > 0 {
		keepPrivate(w.Header())
	}
	for _, c := range x.cookies {
		w.Header().Add("Set-Cookie", c)
	}
	return who.identity
}
