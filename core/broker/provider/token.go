package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gatehouse/core/secret"
	"gatehouse/core/strictjson"
)

// Limits of a token answer.
const (
	maxToken     = 32 << 10
	maxScopeText = 8 << 10
	// longestExpiry is where expires_in saturates.
	longestExpiry = 10 * 365 * 24 * time.Hour
)

// requestToken asks the token endpoint. refused is what a refusal of the code or
// refresh token means: Invalid or Ended. The error is an [*Error].
func (p *Provider) requestToken(ctx context.Context, form url.Values, refused Kind) (*Grant, error) {
	address, err := p.endpoint(ctx, token)
	if err != nil {
		return nil, err
	}
	a, err := p.send(ctx, address, form)
	if err != nil {
		return nil, err
	}
	return p.readToken(a, refused)
}

// readToken reads the token endpoint's answer. What the body says counts, not the
// status: GitHub refuses with 200.
func (p *Provider) readToken(a *answer, refused Kind) (*Grant, error) {
	const where = "token endpoint"
	if a.members.Has("error") {
		return nil, a.tokenError(refused)
	}
	if a.members == nil || a.status != http.StatusOK && a.status != http.StatusCreated {
		return nil, a.failure(where)
	}
	malformed := func(what string) error { return fail(Malformed, where+": malformed "+what) }
	g := &Grant{TokenType: "Bearer", Expiry: expiryOf(a.members, p.now())}
	for name, dst := range map[string]*secret.Text{
		"access_token": &g.Access, "refresh_token": &g.Refresh, "id_token": &g.IDToken,
	} {
		if !a.members.Has(name) {
			continue
		}
		text, ok := a.members.Text(name)
		if !ok || len(text) > maxToken || !visible(text) {
			return nil, malformed(name)
		}
		*dst = secret.New(text)
	}
	if g.Access.Empty() {
		return nil, fail(Malformed, where+": no access_token")
	}
	if a.members.Has("token_type") {
		if kind, _ := a.members.Text("token_type"); !strings.EqualFold(kind, "Bearer") {
			return nil, fail(Malformed, where+": token_type is not Bearer")
		}
	}
	if a.members.Has("scope") {
		text, ok := a.members.Text("scope")
		if !ok || len(text) > maxScopeText {
			return nil, malformed("scope")
		}
		if g.Scopes, ok = splitScopes(text); !ok {
			return nil, malformed("scope")
		}
		if g.Scopes == nil {
			g.Scopes = []string{} // said to be none
		}
	}
	return g, nil
}

// tokenError is what the error member of a token endpoint's answer means (RFC 6749,
// section 5.2, and GitHub's own codes).
func (a *answer) tokenError(refused Kind) error {
	code, _ := a.members.Text("error")
	description, _ := a.members.Text("error_description")
	e := fail(Malformed, "token endpoint: "+describe(code, description, a.secrets))
	switch code {
	case "invalid_grant", "bad_verification_code", "bad_refresh_token", "interaction_required":
		e.Kind = refused
	case "invalid_client", "unauthorized_client", "unsupported_grant_type", "incorrect_client_credentials",
		"redirect_uri_mismatch", "application_suspended":
		e.Kind = Configuration
	case "access_denied", "unverified_user_email":
		e.Kind = Denied
	case "invalid_scope":
		e.Kind = Scope
	case "server_error", "temporarily_unavailable":
		e.Kind, e.RetryAfter = Unavailable, retryAfter(a.header, 0)
	case "slow_down":
		e.Kind, e.RetryAfter = Busy, a.retryAfter()
	default:
		var by *Error
		if errors.As(a.failure(""), &by) {
			e.Kind, e.RetryAfter = by.Kind, by.RetryAfter
		}
	}
	return e
}

// expiryOf reads expires_in: a number, or the number as text.
func expiryOf(o strictjson.Object, now time.Time) time.Time {
	n, ok := o.Number("expires_in")
	if text, is := o.Text("expires_in"); is {
		parsed, err := strconv.ParseFloat(text, 64)
		n, ok = parsed, err == nil || errors.Is(err, strconv.ErrRange)
	}
	switch {
	case !ok || n != n:
		return time.Time{}
	case n <= 0:
		return now
	case n >= longestExpiry.Seconds():
		return now.Add(longestExpiry)
	}
	return now.Add(time.Duration(n * float64(time.Second)))
}
