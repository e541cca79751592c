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
	wanted := g.loginWanted(x.R.URL.Query())
	// A login is bound to the host that its cookies are set for. A browser that
	// arrives under the mark is at the public origin already, whatever a proxy in
	// between made of the Host header.
	if g.move(x, g.loginAddress(wanted)) {
		return
	}
	found, cookies, err := g.findSession(x)
	if err != nil {
		g.Refuse(x, problem.StoreUnavailable.With(err))
		return
	}
	x.SetCookies(cookies)
	next := page.Page{
		Title:   "Redirecting to login",
		Text:    "You are being sent to the login page.",
		Action:  &page.Action{Label: "Continue to login", URL: g.BasePath + "/login/authorize?" + g.loginQuery(wanted)},
		Refresh: true,
	}
	if found != nil {
		x.Subject = found.Identity.Subject
		if wanted.demand.Unmet(strength(found), g.Now(), g.ClockSkew) == "" {
			x.Redirect(wanted.target)
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

// wanted is what a login is to be: it returns to target, meets demand and suggests hint to
// the provider, unless that is "".
type wanted struct {
	target string
	demand stepup.Demand
	hint   string
	// state says where target is from, "" for a parameter of its own: who is not logged in
	// is not told what a state says.
	state string
}

// loginWanted reads what [Gateway.loginQuery] wrote, or somebody else.
func (g *Gateway) loginWanted(query url.Values) wanted {
	w := wanted{target: g.returnPath(query), demand: g.openDemand(query), hint: loginHint(query)}
	if values := query[stateParameter]; len(values) == 1 {
		if again := g.anew(values[0]); again.state != "" {
			w.target, w.state = again.target, again.state
		}
	}
	return w
}

// anew is a login that returns to where that of state was to.
func (g *Gateway) anew(state string) wanted {
	target := returnpath.Parse(g.Transactions.ReturnPath(state), g.Owns)
	if target == "/" {
		state = ""
	}
	return wanted{target: target, state: state}
}

// loginAddress is the address of the login page for w.
func (g *Gateway) loginAddress(w wanted) string {
	return g.BasePath + "/login?" + g.loginQuery(w)
}

func (g *Gateway) loginQuery(w wanted) string {
	query := "return_to=" + url.QueryEscape(w.target)
	if w.state != "" {
		query = stateParameter + "=" + w.state
	}
	if !w.demand.Empty() {
		query += "&" + demandParameter + "=" + g.sealDemand(w.demand)
	}
	if w.hint != "" {
		query += "&" + hintParameter + "=" + url.QueryEscape(w.hint)
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
