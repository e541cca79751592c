package gateway

import (
	"net/http"
	"net/url"

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
func (g *Gateway) logout(x *exchange) {
	target := g.returnPath(x.r.URL.Query())
	if x.r.Method != http.MethodPost {
		// The session's cookie is where the login was.
		if g.move(x, g.BasePath+"/logout?return_to="+url.QueryEscape(target)) {
			return
		}
		g.begin(x, http.StatusOK)
		page.Write(x.w, http.StatusOK, page.Page{
			Title: "Log out?",
			Text:  "You will have to log in again to use the application.",
			Action: &page.Action{Label: "Log out", Method: http.MethodPost,
				URL: g.BasePath + "/logout?return_to=" + url.QueryEscape(target)},
			Other:        &page.Action{Label: "Stay logged in", URL: target},
			SendReferrer: true,
		})
		return
	}
	origins := make([]string, len(g.Origins))
	for i, o := range g.Origins {
		origins[i] = o.String()
	}
	if !sameOrigin(x.r, origins) {
		g.refuse(x, problem.CrossSite)
		return
	}
	found, cookies, err := g.Sessions.Authenticate(x.ctx, x.r)
	// What the cookie names is ended even if it is no session here: a store that misses
	// it may only be behind, and another copy of a cookie that fell idle may not have.
	if ref := g.Sessions.Ref(x.r); err == nil && ref != "" {
		cookies, err = g.Sessions.End(x.ctx, ref)
	}
	if err != nil {
		// The session may still be open: the browser keeps the cookie and can
		// try again.
		g.refuse(x, problem.StoreUnavailable.With(err))
		return
	}
	x.setCookies(cookies)
	if found != nil {
		x.subject = found.Identity.Subject
		g.forget(x, found)
		g.Log.InfoContext(x.ctx, "logout", "request_id", x.id, "subject", x.subject, "session", found.Ref)
	}
	g.afterLogout(x, found, target)
}

// forget makes sure that the session's access token is not believed on its own for
// as long as an answer about it is remembered.
func (g *Gateway) forget(x *exchange, found *session.Session) {
	if g.Tokens == nil || found.AccessToken == "" {
		return
	}
	if err := g.Tokens.Forget(x.ctx, secret.New(found.AccessToken)); err != nil {
		g.Log.WarnContext(x.ctx, "access token not forgotten", "request_id", x.id, "error", err)
	}
}

// afterLogout answers a logout that has happened: programs with 204, people with a
// page that goes on. It is a page and not a redirect because the form may stand on
// a page of the application, whose content security policy would apply to the
// redirect.
func (g *Gateway) afterLogout(x *exchange, found *session.Session, target string) {
	if !accepts(x.r.Header["Accept"], "text/html") {
		g.begin(x, http.StatusNoContent)
		page.SetHeaders(x.w.Header())
		x.w.WriteHeader(http.StatusNoContent)
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
	g.begin(x, http.StatusOK)
	page.Write(x.w, http.StatusOK, after)
}

// endSession is where the provider ends its session, "" when there is no such
// place or it is not wanted.
func (g *Gateway) endSession(x *exchange, found *session.Session, state string) string {
	if !g.ProviderLogout || found == nil {
		return ""
	}
	location, offered, err := g.Provider.EndSessionURL(x.ctx, oidc.EndSession{
		IDTokenHint:           secret.New(found.IDToken),
		PostLogoutRedirectURI: x.peer.Origin.String() + g.BasePath + "/logout/done",
		State:                 state,
	})
	if err != nil {
		g.Log.WarnContext(x.ctx, "logout at the provider not possible", "request_id", x.id, "error", err)
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
func (g *Gateway) logoutDone(x *exchange) {
	query := x.r.URL.Query()
	if states := query["state"]; len(states) == 1 {
		if target, _, err := g.Keys.OpenText(seal.LogoutState, "", states[0]); err == nil {
			g.redirect(x, returnpath.Parse(string(target), g.own))
			return
		}
	}
	g.begin(x, http.StatusOK)
	page.Write(x.w, http.StatusOK, page.Page{
		Title:  "You are logged out",
		Text:   "Your session has ended. You can close this window.",
		Action: &page.Action{Label: "Log in again", URL: g.BasePath + "/login"},
	})
}
