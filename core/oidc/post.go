package oidc

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"gatehouse/core/clientauth"
	"gatehouse/core/egress"
)

// Limits of what is quoted from a refusal.
const (
	maxErrorCode   = 64
	maxDescription = 256
)

// Endpoints that the client is authenticated at, as errors name them.
const (
	tokenEndpoint      = "token endpoint"
	pushEndpoint       = "pushed authorization request endpoint"
	revocationEndpoint = "revocation endpoint"
)

// post sends form to an endpoint as the client. It returns secrets with the client's own,
// which the answer must not bring into an error. The error is ErrUnavailable.
func (p *Provider) post(ctx context.Context, what, address string, form url.Values, authenticate clientauth.Method, secrets []string) (*egress.Answer, []string, error) {
	header := http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
	if err := authenticate(ctx, form, header); err != nil {
		return nil, nil, unavailable(what, err)
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, nil, unavailable(what, errAddress)
	}
	r.Header = header
	a, err := p.o.Egress.Do(ctx, r)
	if err != nil {
		return nil, nil, unavailable(what, err)
	}
	return a, append(secrets,
		p.o.ClientSecret.Reveal(), strings.TrimPrefix(header.Get("Authorization"), "Basic "), form.Get("client_assertion")), nil
}

// parseAnswer reads the object of an answer that has the status want, or the refusal of
// one that does not. What it quotes is rid of secrets. The error is ErrUnavailable or
// ErrTokenRefused.
func parseAnswer(what string, want, status int, header http.Header, body []byte, secrets []string) (object, error) {
	if status != want && (status < 400 || status > 499) {
		return nil, unavailable(what, statusError(status))
	}
	if isHTML(header) {
		return nil, unavailable(what, errHTML)
	}
	o, err := parseObject(body)
	if err != nil {
		if status != want {
			err = statusError(status)
		}
		return nil, unavailable(what, err)
	}
	// Some providers refuse with the status of success.
	if o.Has("error") {
		return nil, tokenError(what, o, status, secrets)
	}
	if status != want {
		return nil, unavailable(what, statusError(status))
	}
	return o, nil
}

func tokenError(what string, o object, status int, secrets []string) *TokenError {
	code, _ := o.Text("error")
	description, _ := o.Text("error_description")
	e := &TokenError{
		Endpoint:    what,
		Status:      status,
		Code:        printable(without(code, secrets), maxErrorCode),
		Description: printable(without(description, secrets), maxDescription),
	}
	if e.Code == "" {
		e.Code = "unspecified"
	}
	return e
}

// without removes secrets, plain or form-encoded, from text that a provider wrote.
func without(text string, secrets []string) string {
	for _, s := range secrets {
		if s == "" {
			continue
		}
		text = strings.ReplaceAll(text, s, "[redacted]")
		text = strings.ReplaceAll(text, url.QueryEscape(s), "[redacted]")
	}
	return text
}
