package provider

import (
	"context"
	"net/url"
)

// maxCode bounds a code or token that a browser brings.
const maxCode = 4 << 10

// code returns the code of an authorization response (RFC 6749, sections 4.1.2 and
// 4.1.2.1; RFC 9207). The error is an [*Error].
func (p *Provider) code(ctx context.Context, query url.Values) (string, error) {
	if err := unrepeated(query, "code", "error", "iss"); err != nil {
		return "", err
	}
	failed := query.Has("error")
	if p.oidc != nil && (query.Has("iss") || !failed) {
		if err := p.oidc.CheckIssuer(ctx, query.Get("iss"), query.Has("iss")); err != nil {
			return "", fromOIDC(err)
		}
	}
	if failed {
		return "", authorizationError(query.Get("error"), query.Get("error_description"))
	}
	return brought(query, "code")
}

// unrepeated refuses an answer with a parameter that stands there twice.
func unrepeated(query url.Values, names ...string) error {
	for _, name := range names {
		if len(query[name]) > 1 {
			return fail(Request, name+" is repeated")
		}
	}
	return nil
}

// brought returns a parameter that must be there.
func brought(query url.Values, name string) (string, error) {
	value := query.Get(name)
	if value == "" || len(value) > maxCode || !visible(value) {
		return "", fail(Request, name+" is missing or malformed")
	}
	return value, nil
}

// authorizationError is what an error of the authorization endpoint means.
func authorizationError(code, description string) error {
	kind := Denied
	switch code {
	case "invalid_scope":
		kind = Scope
	case "server_error", "temporarily_unavailable":
		kind = Unavailable
	case "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_client",
		"redirect_uri_mismatch", "application_suspended":
		kind = Configuration
	}
	return fail(kind, "authorization endpoint: "+describe(code, description, nil))
}
