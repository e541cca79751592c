package gateway

import (
	"net/url"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/problem"
	"gatehouse/core/seal"
	"gatehouse/core/session"
	"gatehouse/core/stepup"
)

// demandParameter carries what an access rule demands of a login from the refused request
// to the login, sealed: nobody else can make one up. Without it there is an ordinary login,
// after which the rule demands again.
const demandParameter = "demand"

// maxDemand bounds the parameter in bytes.
const maxDemand = 512

func (g *Gateway) sealDemand(d stepup.Demand) string {
	return g.Keys.SealText(seal.LoginDemand, "", []byte(d.Text()))
}

// openDemand returns what the query's parameter demands; nothing when it does not open.
func (g *Gateway) openDemand(query url.Values) stepup.Demand {
	values := query[demandParameter]
	if len(values) != 1 || len(values[0]) > maxDemand {
		return stepup.Demand{}
	}
	text, _, err := g.Keys.OpenText(seal.LoginDemand, "", values[0])
	if err != nil {
		return stepup.Demand{}
	}
	d, _ := stepup.Parse(string(text))
	return d
}

// demandStronger answers who is logged in, but not in the way that a rule demands: a person
// with a session is sent to log in once more, a program is told so (RFC 9470, section 3).
func (g *Gateway) demandStronger(x *exchange.Exchange, who *caller, d stepup.Demand, cause error) {
	if who.session != nil && exchange.Navigation(x.R) {
		g.sendToLogin(x, d)
		return
	}
	p := problem.StrongerLogin.With(cause)
	p.Challenge = d.Challenge()
	g.Refuse(x, p)
}

// strength is how the user of a session was authenticated at the login; refreshing changes
// nothing about it.
func strength(s *session.Session) stepup.Login {
	l := stepup.Login{ACR: s.ACR}
	if s.AuthTime != 0 {
		l.Time = time.Unix(s.AuthTime, 0)
	}
	return l
}

// login is how c was authenticated: at the login of the session, or as the token says (RFC
// 9470, section 6).
func (c *caller) login() stepup.Login {
	if c.session != nil {
		return strength(c.session)
	}
	var l stepup.Login
	l.ACR, _ = c.token.Claims.Text("acr")
	if at, ok := c.token.Claims.Instant("auth_time"); ok {
		l.Time = at
	}
	return l
}
