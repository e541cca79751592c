package gateway

import (
	"net/http"

	"gatehouse/core/exchange"
	"gatehouse/core/identity"
)

// Protect returns a handler that serves next to those who are logged in and treats
// others as it would for the application. next finds the identity in the request's
// context, and logs and recovers for itself.
func (g *Gateway) Protect(s *exchange.Server, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who := g.enter(s, w, r); who != nil {
			next.ServeHTTP(w, r.WithContext(identity.WithContext(r.Context(), who)))
		}
	})
}

// enter returns who makes the request, or nil after answering it.
func (g *Gateway) enter(s *exchange.Server, w http.ResponseWriter, r *http.Request) *identity.Identity {
	x := s.Open(w, r, g)
	if p := s.Check(x); p != nil {
		defer s.Close(x)
		g.Refuse(x, p)
		return nil
	}
	who := g.admit(x)
	if who == nil {
		s.Close(x)
		return nil
	}
	if len(x.Cookies) > 0 {
		keepPrivate(w.Header())
	}
	for _, c := range x.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	return who.identity
}
