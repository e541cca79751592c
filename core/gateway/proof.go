package gateway

import (
	"strings"

	"gatehouse/core/bearer"
	"gatehouse/core/dpop"
	"gatehouse/core/problem"
)

// offerProofs adds the challenge of DPoP to one of bearer tokens or, where those are not
// accepted, puts it in its place (RFC 9449, section 7.2).
func (g *Gateway) offerProofs(p *problem.Problem) *problem.Problem {
	if p.Challenge == "" || strings.HasPrefix(p.Challenge, dpop.Scheme) {
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
