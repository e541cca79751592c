package gateway

import (
	"net/http"
	"net/url"

	"gatehouse/core/exchange"
	"gatehouse/core/page"
	"gatehouse/core/problem"
	"gatehouse/core/returnpath"
	"gatehouse/core/stepup"
)

// movedParameter marks a login page address that the gateway sent the browser to
// because it had been opened under a host that is not public.
const movedParameter = "moved"

// loginPage is GET /login: a page that goes on to the provider by itself, or on to
// the application when there is a session. It starts nothing, so that robots and
// previews cost nothing.
func (g *Gateway) loginPage(x *exchange.Exchange) {
	query := x.R.URL.Query()
	target := g.returnPath(query)
	// A login is bound to the host that its cookies are set for. A browser that
	// arrives under the mark is at the public origin already, whatever a proxy in
	// between made of the Host header.
	demand := g.openDemand(query)
	if g.move(x, g.loginAddress(target, demand)) {
		return
	}
	found, cookies, err := g.Sessions.Authenticate(x.Context, x.R)
	if err != nil {
		g.Refuse(x, problem.StoreUnavailable.With(err))
		return
	}
	x.SetCookies(cookies)
	next := page.Page{
		Title:   "Redirecting to login",
		Text:    "You are being sent to the login page.",
		Action:  &page.Action{Label: "Continue to login", URL: g.BasePath + "/login/authorize?" + g.loginQuery(target, demand)},
		Refresh: true,
	}
	if found != nil {
		x.Subject = found.Identity.Subject
		if demand.Unmet(strength(found), g.Now(), g.ClockSkew) == "" {
			x.Redirect(target)
			return
		}
		next.Title = "Please log in once more"
		next.Text = "This address needs a stronger or more recent login than the one that you have. You are being sent to the login page."
	}
	x.Begin(http.StatusOK)
	page.Write(x.W, http.StatusOK, next)
}

// move sends a browser that came under a host that is not public to address on the
// public origin, once, and reports whether it did.
func (g *Gateway) move(x *exchange.Exchange, address string) bool {
	if x.Peer.Listed || x.R.URL.Query().Has(movedParameter) {
		return false
	}
	x.Redirect(x.Peer.Origin.String() + address + "&" + movedParameter + "=1")
	return true
}

// loginAddress is the login page's address, which returns to target after a login that
// meets demand.
func (g *Gateway) loginAddress(target string, demand stepup.Demand) string {
	return g.BasePath + "/login?" + g.loginQuery(target, demand)
}

func (g *Gateway) loginQuery(target string, demand stepup.Demand) string {
	query := "return_to=" + url.QueryEscape(target)
	if !demand.Empty() {
		query += "&" + demandParameter + "=" + g.sealDemand(demand)
	}
	return query
}

// returnPath is the checked return_to parameter; "/" unless there is exactly one.
func (g *Gateway) returnPath(query url.Values) string {
	if values := query["return_to"]; len(values) == 1 {
		return returnpath.Parse(values[0], g.Owns)
	}
	return "/"
}
