package gateway

import (
	"slices"
	"strings"

	"gatehouse/core/exchange"
	"gatehouse/core/page"
	"gatehouse/core/problem"
)

// Serve implements [exchange.Job]: what is no route of the gateway is the
// application's.
func (g *Gateway) Serve(x *exchange.Exchange) {
	own, ok := g.routes[x.Path]
	if !ok {
		g.pass(x)
		return
	}
	x.API = own.api
	if !slices.Contains(own.methods, x.R.Method) {
		p := *problem.MethodNotAllowed
		p.Allow = strings.Join(own.methods, ", ")
		g.Refuse(x, &p)
		return
	}
	own.serve(x)
}

// Refuse implements [exchange.Job]: a page for people, problem details for programs. A
// login that failed can be started again from the page.
func (g *Gateway) Refuse(x *exchange.Exchange, p *problem.Problem) {
	var again *page.Action
	if p.Restart {
		if x.Again == "" {
			x.Again = g.BasePath + "/login"
		}
		again = &page.Action{Label: "Start again", URL: x.Again}
	}
	if p.Code == problem.NotPermitted.Code {
		again = &page.Action{Label: "Use another account", URL: g.BasePath + "/logout"}
	}
	if g.Proofs != nil {
		p = g.offerProofs(p)
	}
	x.Err = p
	x.Begin(p.Status)
	// A form of ours that was posted shows its outcome to a person too.
	html := exchange.Navigation(x.R) || g.Owns(x.Path) && exchange.Accepts(x.R.Header["Accept"], "text/html")
	p.Write(x.W, html && !x.API, x.ID, again)
}
