package introspection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"gatehouse/core/bearer"
	"gatehouse/core/strictjson"
)

// Parameters of a request (RFC 7662, section 2.1).
const (
	paramToken    = "token"
	paramTypeHint = "token_type_hint"
	accessToken   = "access_token"
)

var (
	errAddress  = errors.New("malformed address")
	errResponse = errors.New("not an introspection response")
)

// ask sends a token to the endpoint and returns the body of a successful answer. A
// redirect is none. The error is bearer.ErrInvalid for a token of a kind that the issuer
// does not introspect, else ErrUnavailable.
func (i *Introspector) ask(ctx context.Context, endpoint, raw string) ([]byte, error) {
	form := url.Values{paramToken: {raw}, paramTypeHint: {accessToken}}
	header := http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
	if err := i.o.Auth(ctx, form, header); err != nil {
		return nil, unavailable(err)
	}
	r, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, unavailable(errAddress)
	}
	r.Header = header
	a, err := i.o.Egress.Do(ctx, r)
	switch {
	case err != nil:
		return nil, unavailable(err)
	case a.Status == http.StatusBadRequest && unsupported(a.Body):
		return nil, bearer.Refuse("the issuer does not introspect this kind of token")
	case a.Status == http.StatusBadRequest, a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		return nil, unavailable(fmt.Errorf("%w: status %d", ErrClient, a.Status))
	case a.Status != http.StatusOK:
		return nil, unavailable(fmt.Errorf("status %d", a.Status))
	case !isJSON(a.Header):
		// A signed answer (RFC 9701) is not asked for.
		return nil, unavailable(errors.New("the answer is not application/json"))
	}
	return a.Body, nil
}

// unsupported reports whether an error answer is about the token, not the client: RFC
// 7009, section 2.2.1, has the code, and issuers use it for introspection too.
func unsupported(body []byte) bool {
	o, err := strictjson.Parse(body)
	if err != nil {
		return false
	}
	code, _ := o.Text("error")
	return code == "unsupported_token_type"
}

// isJSON reports whether an answer is, or may be, of JSON.
func isJSON(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "" || kind == "application/json" || strings.HasSuffix(kind, "+json")
}

// parseResponse reads an answer (RFC 7662, section 2.2). active must be a JSON boolean:
// what else it could mean is not guessed. claims is nil unless active.
func parseResponse(body []byte) (claims strictjson.Object, active bool, err error) {
	o, err := strictjson.Parse(body)
	if err != nil {
		return nil, false, errResponse
	}
	active, ok := o.Flag("active")
	switch {
	case !ok:
		return nil, false, errResponse
	case !active:
		return nil, false, nil
	}
	return o, true, nil
}
