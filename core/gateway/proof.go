package gateway

import (
	"context"
	"errors"
	"net/url"

	"gatehouse/core/bearer"
	"gatehouse/core/dpop"
	"gatehouse/core/exchange"
	"gatehouse/core/problem"
	"gatehouse/core/secret"
)

// byBoundToken authenticates by an access token that is bound to a key and the proof that
// its sender has the key (RFC 9449, section 7.1), or refuses for err. The provider is asked
// about no token whose proof is not good; only the proof of a good one is used up.
func (g *Gateway) byBoundToken(x *exchange.Exchange, token secret.Text, err error) (*caller, bool) {
	var known *bearer.Token
	var proof *dpop.Proof
	if err == nil {
		here := func(u *url.URL) bool { return g.Rules.Same(u, x.Peer.Origin, x.Path) }
		proof, err = g.Proofs.Verify(x.R.Header, x.R.Method, here, token)
	}
	if err == nil {
		known, err = g.verify(x.Context, token, proof.Thumbprint, func(ctx context.Context) error { return g.admitQuestion(ctx, x) })
	}
	if err == nil {
		err = g.Proofs.Use(proof)
	}
	if err != nil {
		p := tokenProblem(err)
		if errors.Is(err, dpop.ErrProof) {
			p = problem.InvalidProof.With(err)
		}
		p.Challenge = dpop.Challenge(err)
		g.Refuse(x, p)
		return nil, false
	}
	return g.tokenCaller(x, token, known), true
}

// offerProofs adds the challenge of DPoP to one of bearer tokens, or, where they are not
// accepted, puts it in its place (RFC 9449, section 7.2).
func (g *Gateway) offerProofs(p *problem.Problem) *problem.Problem {
	if g.Proofs == nil || p.Challenge == "" {
		return p
	}
	q := p.With(p.Cause)
	if g.ProofsOnly {
		q.Challenge = dpop.FromBearer(p.Challenge)
	} else {
		q.Challenge += ", " + dpop.Challenge(bearer.ErrMissing)
	}
	return q
}
