package gateway

import (
	"net/http"
	"net/url"

	"gatehouse/core/exchange"
	"gatehouse/core/page"
	"gatehouse/core/problem"
)

// frontchannelLogout is GET /logout/frontchannel, which a page of the provider loads in a
// frame (OpenID Connect Front-Channel Logout 1.0). Browsers send no cookie of ours there,
// so iss and sid are required and sid is all that it goes by: sessions of that sid end
// here, and no token is revoked. The answer does not say whether there were any.
func (g *Gateway) frontchannelLogout(x *exchange.Exchange) {
	if !g.admitLogout(x) {
		return
	}
	query, err := url.ParseQuery(x.R.URL.RawQuery)
	iss, sid := query["iss"], query["sid"]
	if err != nil || len(iss) != 1 || len(sid) != 1 || sid[0] == "" || len(sid[0]) > maxParameter || iss[0] != g.Issuer {
		g.Refuse(x, problem.InvalidLogout)
		return
	}
	if err := g.Sessions.EndAnnounced(x.Context, sid[0]); err != nil {
		g.Refuse(x, problem.StoreUnavailable.With(err))
		return
	}
	frames := "'none'"
	if u, err := url.Parse(g.Issuer); err == nil {
		frames = u.Scheme + "://" + u.Host
	}
	x.Begin(http.StatusOK)
	h := x.W.Header()
	page.SetHeaders(h)
	// The provider's pages only; X-Frame-Options cannot say that.
	h.Del("X-Frame-Options")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+frames)
	h.Set("Content-Type", "text/html; charset=utf-8")
	x.W.WriteHeader(http.StatusOK)
	_, _ = x.W.Write([]byte("<!doctype html><title>Logged out</title>\n"))
}
