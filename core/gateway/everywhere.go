package gateway

import (
	"net/http"
	"net/url"

	"gatehouse/core/exchange"
	"gatehouse/core/page"
	"gatehouse/core/session"
)

// everywhereButton is the second button of the logout page, nil unless it is offered.
func (g *Gateway) everywhereButton(target string) *page.Action {
	if !g.LogoutEverywhere {
		return nil
	}
	return &page.Action{Label: "Log out everywhere", Method: http.MethodPost,
		URL: g.BasePath + "/logout?everywhere=true&return_to=" + url.QueryEscape(target)}
}

// endEverywhere ends all sessions of found's subject if that is what x asks for. The
// caller has made sure that a page of ours asks.
func (g *Gateway) endEverywhere(x *exchange.Exchange, found *session.Session) error {
	if !g.LogoutEverywhere || x.R.URL.Query().Get("everywhere") != "true" {
		return nil
	}
	err := g.Sessions.EndAll(x.Context, session.Ending{Subject: found.Identity.Subject})
	if err == nil {
		g.Log.InfoContext(x.Context, "logout everywhere", "request_id", x.ID, "subject", found.Identity.Subject)
	}
	return err
}
