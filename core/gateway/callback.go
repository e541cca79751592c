package gateway

import (
	"errors"
	"fmt"
	"net/url"

	"gatehouse/core/exchange"
	"gatehouse/core/login"
	"gatehouse/core/oidc"
	"gatehouse/core/problem"
	"gatehouse/core/returnpath"
	"gatehouse/core/session"
)

// Parameters of the authorization response (RFC 6749, section 4.1.2; RFC 9207).
const (
	codeParameter  = "code"
	stateParameter = "state"
	errorParameter = "error"
	issParameter   = "iss"
)

// unmetError is the code of OpenID Connect Core Error Code
// unmet_authentication_requirements 1.0: no login is what was demanded.
const unmetError = "unmet_authentication_requirements"

// maxParameter bounds one parameter of the response in bytes.
const maxParameter = 4 << 10

// response is an authorization response whose parameters occur once each.
type response struct {
	code, state, error, iss string
	hasIss                  bool
}

// parseResponse refuses repeated (RFC 6749, section 3.1), oversized and malformed
// parameters.
func parseResponse(rawQuery string) (response, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return response{}, errors.New("malformed query")
	}
	for _, name := range []string{codeParameter, stateParameter, errorParameter, issParameter, "error_description", "error_uri", "session_state"} {
		values := query[name]
		if len(values) > 1 {
			return response{}, fmt.Errorf("repeated parameter %s", name)
		}
		if len(values) == 1 && len(values[0]) > maxParameter {
			return response{}, fmt.Errorf("oversized parameter %s", name)
		}
	}
	if !visible(query.Get(codeParameter)) {
		return response{}, errors.New("malformed parameter code")
	}
	return response{
		code: query.Get(codeParameter), state: query.Get(stateParameter), error: query.Get(errorParameter),
		iss: query.Get(issParameter), hasIss: query.Has(issParameter),
	}, nil
}

// visible reports whether s consists of what a code may (RFC 6749, appendix A.11). What
// the provider cannot have issued is not worth asking it about.
func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// callback is GET /login/callback: it completes the login transaction that the
// response names, if this browser started it.
func (g *Gateway) callback(x *exchange.Exchange) {
	if !g.allow(x, "login-callback") {
		return
	}
	res, err := parseResponse(x.R.URL.RawQuery)
	if err != nil {
		g.Refuse(x, problem.InvalidResponse.With(err))
		return
	}
	t, err := g.Transactions.Find(x.R.Header["Cookie"], res.state)
	if err != nil {
		g.late(x, res)
		return
	}
	// From here on the transaction is used up, whatever comes of it, unless the
	// answer says to try the same again.
	if err := g.Provider.CheckIssuer(x.Context, res.iss, res.hasIss); err != nil {
		if errors.Is(err, oidc.ErrIssuer) {
			g.endLogin(x, t, problem.IssuerMismatch.With(err))
			return
		}
		g.Refuse(x, providerProblem(err))
		return
	}
	switch {
	case res.error == "access_denied":
		g.endLogin(x, t, problem.AccessDenied)
	case res.error == unmetError:
		g.endLogin(x, t, problem.LoginTooWeak.With(errors.New("provider answered "+unmetError)))
	case res.error != "":
		g.endLogin(x, t, problem.ProviderRefused.With(fmt.Errorf("provider answered %s", knownError(res.error))))
	case res.code == "":
		g.endLogin(x, t, problem.InvalidResponse.With(errors.New("no code")))
	default:
		g.redeem(x, t, res.code)
	}
}

// late answers a response without a transaction: a second tab, the back button or a
// forgery. Who is logged in goes on to where the login was to return to; others may start
// again on the way to there, and are not told where it is.
func (g *Gateway) late(x *exchange.Exchange, res response) {
	if res.state != "" && res.error == "" {
		found, cookies, err := g.findSession(x)
		if err == nil && found != nil {
			x.SetCookies(cookies)
			x.Subject = found.Identity.Subject
			x.Redirect(returnpath.Parse(g.Transactions.ReturnPath(res.state), g.Owns))
			return
		}
	}
	if again := g.anew(res.state); again.state != "" {
		x.Again = g.loginAddress(again)
	}
	g.Refuse(x, problem.LoginExpired)
}

// redeem exchanges the code and begins a session.
func (g *Gateway) redeem(x *exchange.Exchange, t login.Transaction, code string) {
	origin := g.listed(t.Origin)
	done, err := g.Provider.Redeem(x.Context, oidc.Redemption{
		Code: code, RedirectURI: g.redirectURI(origin), Nonce: t.Nonce, Verifier: t.Verifier, Demand: t.Demand,
	})
	if err != nil {
		g.endLogin(x, t, providerProblem(err))
		return
	}
	if err := g.checkToken(x.Context, done.AccessToken); err != nil && !unknown(err) {
		// The next request would end the session, and send the browser here again.
		g.endLogin(x, t, problem.TokenUnusable.With(err))
		return
	}
	record := session.Record{
		Identity:        &done.Identity,
		ACR:             done.ACR,
		ProviderSession: done.SessionID,
		AccessToken:     done.AccessToken.Reveal(),
		RefreshToken:    done.RefreshToken.Reveal(),
		IDToken:         done.IDToken.Reveal(),
	}
	if !done.AccessTokenExpiry.IsZero() {
		record.AccessTokenExpiry = done.AccessTokenExpiry.Unix()
	}
	if !done.AuthTime.IsZero() {
		record.AuthTime = done.AuthTime.Unix()
	}
	if !done.Issued.IsZero() {
		record.Issued = done.Issued.Unix()
	}
	ref := g.Sessions.Ref(x.R)
	old := g.replaced(x.Context, ref, done.Identity.Subject)
	begun, cookies, err := g.Sessions.Begin(x.Context, record, ref)
	switch {
	case errors.Is(err, session.ErrTooLarge):
		g.endLogin(x, t, problem.IdentityTooLarge.With(err))
		return
	case err != nil:
		g.endLogin(x, t, problem.StoreUnavailable.With(err))
		return
	}
	g.Revoker.Session(old)
	x.Subject = begun.Identity.Subject
	g.Log.InfoContext(x.Context, "login", "request_id", x.ID, "subject", x.Subject, "session", begun.Ref)
	x.SetCookies(cookies)
	x.SetCookies([]string{g.Transactions.Finish(t.State)})
	x.Redirect(t.ReturnPath)
}

// endLogin refuses with p and consumes the transaction. Trying the same again cannot
// help then, so every page offers a new start.
func (g *Gateway) endLogin(x *exchange.Exchange, t login.Transaction, p *problem.Problem) {
	restart := *p
	restart.Restart = true
	p = &restart
	x.Again = g.loginAddress(wanted{target: t.ReturnPath, demand: t.Demand})
	x.SetCookies([]string{g.Transactions.Finish(t.State)})
	g.Refuse(x, p)
}

// listed returns origin if it is still a public one, else the default.
func (g *Gateway) listed(origin string) string {
	for _, o := range g.Origins {
		if o.String() == origin {
			return origin
		}
	}
	return g.Origins[0].String()
}

// knownErrors are the codes of RFC 6749, section 4.1.2.1 and OpenID Connect Core
// 1.0, section 3.1.2.6; only these reach the log.
var knownErrors = []string{"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope",
	"server_error", "temporarily_unavailable", "interaction_required", "login_required", "account_selection_required",
	"consent_required", "request_not_supported", "registration_not_supported"}

func knownError(code string) string {
	for _, k := range knownErrors {
		if code == k {
			return k
		}
	}
	return "an unregistered error code"
}
