package gateway

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/oidc"
	"gatehouse/core/page"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
	"gatehouse/core/session"
)

// maxLogoutForm bounds the body of a back-channel logout in bytes.
const maxLogoutForm = 16 << 10

// backchannelLogout is POST /logout/backchannel: the provider ends sessions (OpenID
// Connect Back-Channel Logout 1.0). What is wrong with the request is 400, as section 2.8
// says, and ends nothing; when store or provider fail it is 5xx, and the provider may send
// the same token again.
func (g *Gateway) backchannelLogout(x *exchange.Exchange) {
	if !g.admitLogout(x) {
		return
	}
	raw, err := logoutForm(x.R)
	if err != nil {
		refuseLogout(x, err)
		return
	}
	token, err := g.Provider.VerifyLogoutToken(x.Context, raw)
	switch {
	case errors.Is(err, oidc.ErrLogoutToken):
		refuseLogout(x, err)
		return
	case err != nil:
		g.Refuse(x, providerProblem(err))
		return
	}
	err = g.Sessions.EndAll(x.Context, session.Ending{
		SessionID: token.SessionID, Subject: token.Subject, Issued: token.Issued, Token: token.ID})
	switch {
	case errors.Is(err, session.ErrReplayed):
		refuseLogout(x, err)
		return
	case err != nil:
		g.Refuse(x, problem.StoreUnavailable.With(err))
		return
	}
	g.Log.InfoContext(x.Context, "logout by the provider", "request_id", x.ID, "subject", token.Subject, "by_sid", token.SessionID != "")
	x.Begin(http.StatusOK)
	page.SetHeaders(x.W.Header())
	x.W.WriteHeader(http.StatusOK)
}

// logoutForm returns the logout_token of a form, which has exactly one (section 2.5).
// Other parameters are ignored.
func logoutForm(r *http.Request) (string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || len(r.Header["Content-Type"]) != 1 {
		return "", errors.New("content is not a form")
	}
	var body []byte
	if r.Body != nil {
		body, err = io.ReadAll(io.LimitReader(r.Body, maxLogoutForm+1))
	}
	switch {
	case err != nil:
		return "", errors.New("content ended early")
	case len(body) > maxLogoutForm:
		return "", errors.New("content is too large")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", errors.New("malformed form")
	}
	if len(form["logout_token"]) != 1 {
		return "", errors.New("not exactly one logout_token")
	}
	return form.Get("logout_token"), nil
}

// refuseLogout is an error answer in the form of RFC 6749, section 5.2. Errors that get
// here are fixed texts.
func refuseLogout(x *exchange.Exchange, err error) {
	x.Err = err
	x.WriteJSON(http.StatusBadRequest, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{"invalid_request", err.Error()})
}

// logoutsPerMinute bounds the logouts from elsewhere that one address may bring. All of a
// provider's come from a few, so it is far above what people cause.
const logoutsPerMinute = 6000

// admitLogout counts a logout from elsewhere against its client's budget and answers when
// that is used up.
func (g *Gateway) admitLogout(x *exchange.Exchange) bool {
	limit := platform.Limit{Name: "logout", Count: logoutsPerMinute, Per: time.Minute}
	wait, ok := g.Limiter.Allow(x.Context, limit, proxy.LimitKey(x.Peer.Addr))
	if !ok {
		g.Refuse(x, problem.RateLimited.After(wait))
	}
	return ok
}
