package gateway

import (
	"net/http"
	"net/url"

	"gatehouse/core/exchange"
	"gatehouse/core/oidc"
	"gatehouse/core/page"
	"gatehouse/core/problem"
	"gatehouse/core/returnpath"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
	"gatehouse/core/session"
)

// logout is POST /logout, which ends the session here and offers to end it at the
// provider (RP-Initiated Logout 1.0); GET asks first, so that no link or image
// logs anybody out.
func (g *Gateway) logout(x *exchange.Exchange) {
	target := g.returnPath(x.R.URL.Query())
	if x.R.Method != http.MethodPost {
		// The session's cookie is where the login was.
		if g.move(x, g.BasePath+"/logout?return_to="+url.QueryEscape(target)) {
			return
		}
		x.Begin(http.StatusOK)
		page.Write(x.W, http.StatusOK, page.Page{
			Title: "Log out?",
			Text:  "You will have to log in again to use the application.",
			Action: &page.Action{Label: "Log out", Method: http.MethodPost,
				URL: g.BasePath + "/logout?return_to=" + url.QueryEscape(target)},
			Second:       g.everywhereButton(target),
			Other:        &page.Action{Label: "Stay logged in", URL: target},
			SendReferrer: true,
		})
		return
	}
	origins := make([]string, len(g.Origins))
	for i, o := range g.Origins {
		origins[i] = o.String()
	}
	if !exchange.SameOrigin(x.R, origins) {
		g.Refuse(x, problem.CrossSite)
		return
	}
	found, cookies, err := g.findSession(x)
	if found != nil {
		found = g.Sessions.Latest(x.Context, found)
	}
	// What the cookie names is ended even if it is no session here: a store that misses
	// it may only be behind, and another copy of a cookie that fell idle may not have.
	last, ref := found, g.Sessions.Ref(x.R)
	if err == nil && last == nil && ref != "" && (g.Revoker != nil || g.LogoutEverywhere) {
		last = g.Sessions.Named(x.Context, ref)
	}
	if err == nil && last != nil {
		err = g.endEverywhere(x, last)
	}
	if err == nil && ref != "" {
		cookies, err = g.Sessions.End(x.Context, ref)
	}
	if err != nil {
		// The session may still be open: the browser keeps the cookie and can
		// try again.
		g.Refuse(x, problem.StoreUnavailable.With(err))
		return
	}
	x.SetCookies(cookies)
	g.Revoker.Session(last)
	if found != nil {
		x.Subject = found.Identity.Subject
		g.forget(x, found)
		g.Log.InfoContext(x.Context, "logout", "request_id", x.ID, "subject", x.Subject, "session", found.Ref)
	}
	g.afterLogout(x, found, target)
}

// forget makes sure that the session's access token is not believed on its own for
// as long as an answer about it is remembered.
func (g *Gateway) forget(x *exchange.Exchange, found *session.Session) {
	if g.Tokens == nil || found.AccessToken == "" {
		return
	}
	if err := g.Tokens.Forget(x.Context, secret.New(found.AccessToken)); err != nil {
		g.Log.WarnContext(x.Context, "access token not forgotten", "request_id", x.ID, "error", err)
	}
}

// afterLogout answers a logout that has happened: programs with 204, people with a
// page that goes on. It is a page and not a redirect because the form may stand on
// a page of the application, whose content security policy would apply to the
// redirect.
func (g *Gateway) afterLogout(x *exchange.Exchange, found *session.Session, target string) {
	if !exchange.Accepts(x.R.Header["Accept"], "text/html") {
		x.Begin(http.StatusNoContent)
		page.SetHeaders(x.W.Header())
		x.W.WriteHeader(http.StatusNoContent)
		return
	}
	state := g.logoutState(target)
	after := page.Page{
		Title:   "You are logged out",
		Text:    "Your session here has ended.",
		Action:  &page.Action{Label: "Continue", URL: g.BasePath + "/logout/done"},
		Refresh: true,
	}
	if state != "" {
		after.Action.URL += "?state=" + state
	}
	if location := g.endSession(x, found, state); location != "" {
		after.Title = "Logging out"
		after.Text = "Your session here has ended. You are being sent to the identity provider to end it there, too."
		after.Action = &page.Action{Label: "Continue to the identity provider", URL: location}
	}
	x.Begin(http.StatusOK)
	page.Write(x.W, http.StatusOK, after)
}

// endSession is where the provider ends its session, "" when there is no such
// place or it is not wanted.
func (g *Gateway) endSession(x *exchange.Exchange, found *session.Session, state string) string {
	if !g.ProviderLogout || found == nil {
		return ""
	}
	location, offered, err := g.Provider.EndSessionURL(x.Context, oidc.EndSession{
		IDTokenHint:           secret.New(found.IDToken),
		PostLogoutRedirectURI: x.Peer.Origin.String() + g.BasePath + "/logout/done",
		State:                 state,
	})
	if err != nil {
		g.Log.WarnContext(x.Context, "logout at the provider not possible", "request_id", x.ID, "error", err)
	}
	if err != nil || !offered {
		return ""
	}
	return location
}

// logoutState carries the return path through the provider, sealed; "" stands for
// the default.
func (g *Gateway) logoutState(target string) string {
	if target == "/" {
		return ""
	}
	return g.Keys.SealText(seal.LogoutState, "", []byte(target))
}

// logoutDone is where a logout ends, here or at the provider. It states nothing
// that depends on who asks.
func (g *Gateway) logoutDone(x *exchange.Exchange) {
	query := x.R.URL.Query()
	if states := query["state"]; len(states) == 1 {
		if target, _, err := g.Keys.OpenText(seal.LogoutState, "", states[0]); err == nil {
			x.Redirect(returnpath.Parse(string(target), g.Owns))
			return
		}
	}
	x.Begin(http.StatusOK)
	page.Write(x.W, http.StatusOK, page.Page{
		Title:  "You are logged out",
		Text:   "Your session has ended. You can close this window.",
		Action: &page.Action{Label: "Log in again", URL: g.BasePath + "/login"},
	})
}
