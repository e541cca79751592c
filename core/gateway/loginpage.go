package gateway

import (
	"net/http"
	"net/url"

	"gatehouse/core/page"
	"gatehouse/core/problem"
	"gatehouse/core/returnpath"
)

// movedParameter marks a login page address that the gateway sent the browser to
// because it had been opened under a host that is not public.
const movedParameter = "moved"

// loginPage is GET /login: a page that goes on to the provider by itself, or on to
// the application when there is a session. It starts nothing, so that robots and
// previews cost nothing.
func (g *Gateway) loginPage(x *exchange) {
	query := x.r.URL.Query()
	target := g.returnPath(query)
	// A login is bound to the host that its cookies are set for. A browser that
	// arrives under the mark is at the public origin already, whatever a proxy in
	// between made of the Host header.
	if g.move(x, g.loginAddress(target)) {
		return
	}
	found, cookies, err := g.Sessions.Authenticate(x.ctx, x.r)
	if err != nil {
		g.refuse(x, problem.StoreUnavailable.With(err))
		return
	}
	x.setCookies(cookies)
	if found != nil {
		x.subject = found.Identity.Subject
		g.redirect(x, target)
		return
	}
	g.begin(x, http.StatusOK)
	page.Write(x.w, http.StatusOK, page.Page{
		Title:   "Redirecting to login",
		Text:    "You are being sent to the login page.",
		Action:  &page.Action{Label: "Continue to login", URL: g.BasePath + "/login/authorize?return_to=" + url.QueryEscape(target)},
		Refresh: true,
	})
}

// move sends a browser that came under a host that is not public to address on the
// public origin, once, and reports whether it did.
func (g *Gateway) move(x *exchange, address string) bool {
	if x.peer.Listed || x.r.URL.Query().Has(movedParameter) {
		return false
	}
	g.redirect(x, x.peer.Origin.String()+address+"&"+movedParameter+"=1")
	return true
}

// loginAddress is the login page's address, which returns to target.
func (g *Gateway) loginAddress(target string) string {
	return g.BasePath + "/login?return_to=" + url.QueryEscape(target)
}

// returnPath is the checked return_to parameter; "/" unless there is exactly one.
func (g *Gateway) returnPath(query url.Values) string {
	if values := query["return_to"]; len(values) == 1 {
		return returnpath.Parse(values[0], g.own)
	}
	return "/"
}
