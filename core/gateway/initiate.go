package gateway

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"gatehouse/core/exchange"
	"gatehouse/core/problem"
	"gatehouse/core/returnpath"
)

// Parameters of a login that a third party initiates (OpenID Connect Core 1.0,
// section 4). hintParameter is that of the authorization request too.
const (
	targetParameter = "target_link_uri"
	hintParameter   = "login_hint"
)

// Bounds in bytes.
const (
	maxHint       = 256
	maxInitiation = 8 << 10 // the body of a POST
)

// initiate is /login/initiate, the client's initiate_login_uri: it sends the browser to
// the login page if the provider that iss names is this gateway's. It starts nothing and
// sets nothing, so that a site that sends visitors here makes them log in as whom the
// provider knows, at most, as it could by a link to the login page. POST has its
// parameters in the body.
func (g *Gateway) initiate(x *exchange.Exchange) {
	query, err := initiation(x.R)
	if err == nil && query.Get(issParameter) != g.Issuer {
		err = errors.New("iss is not the configured issuer")
	}
	hint := query.Get(hintParameter)
	if err == nil && !validHint(hint) {
		err = errors.New("malformed login_hint")
	}
	if err != nil {
		g.Refuse(x, problem.InvalidInitiation.With(err))
		return
	}
	x.Redirect(g.loginAddress(wanted{target: g.ownTarget(query.Get(targetParameter)), hint: hint}))
}

// initiation reads the parameters, which occur once each at most.
func initiation(r *http.Request) (url.Values, error) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, errors.New("the body is no form")
		}
		body, err := formBody(r.Body)
		if err != nil {
			return nil, err
		}
		raw = body
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("malformed parameters")
	}
	for _, name := range []string{issParameter, targetParameter, hintParameter} {
		if len(query[name]) > 1 {
			return nil, fmt.Errorf("repeated parameter %s", name)
		}
	}
	return query, nil
}

// formBody reads a bounded body, nil included.
func formBody(r io.Reader) (string, error) {
	if r == nil {
		return "", nil
	}
	body, err := io.ReadAll(io.LimitReader(r, maxInitiation+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("body: %w", err)
	case len(body) > maxInitiation:
		return "", errors.New("oversized body")
	}
	return string(body), nil
}

// ownTarget is the checked path of address, which is an absolute URL on one of the
// public origins, "/" for anything else.
func (g *Gateway) ownTarget(address string) string {
	for _, o := range g.Origins {
		if path, ok := strings.CutPrefix(address, o.String()); ok {
			return returnpath.Parse(path, g.Owns)
		}
	}
	return "/"
}

// loginHint is the login_hint parameter, "" unless there is exactly one that may be
// passed on.
func loginHint(query url.Values) string {
	if values := query[hintParameter]; len(values) == 1 && validHint(values[0]) {
		return values[0]
	}
	return ""
}

// validHint reports a short text without control characters.
func validHint(s string) bool {
	return len(s) <= maxHint && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
