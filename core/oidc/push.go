package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// When authorization requests are pushed (RFC 9126).
const (
	// PushRequired: where the provider's metadata requires it.
	PushRequired = "auto"
	// PushAlways: with every provider; one that does not offer it is refused.
	PushAlways = "on"
	// PushNever: the requests are in the browser's address whatever the metadata says.
	PushNever = "off"
)

// maxRequestURI bounds a request_uri in bytes.
const maxRequestURI = 2 << 10

// pushes reports whether authorization requests are pushed to the provider.
func (p *Provider) pushes(m *Metadata) bool {
	return p.o.PAR == PushAlways || p.o.PAR != PushNever && m.PushRequired
}

// push sends an authorization request to the provider (RFC 9126, section 2) and returns
// the address that names it (section 4). The error is ErrUnavailable or ErrTokenRefused.
func (p *Provider) push(ctx context.Context, m *Metadata, form url.Values) (string, error) {
	a, secrets, err := p.post(ctx, pushEndpoint, m.PushedRequestEndpoint, form, p.authentication(),
		[]string{form.Get("state"), form.Get("nonce"), form.Get("code_challenge")})
	if err != nil {
		return "", err
	}
	uri, err := parsePushAnswer(a.Status, a.Header, a.Body, secrets...)
	if err != nil {
		return "", err
	}
	separator := "?"
	if strings.Contains(m.AuthorizationEndpoint, "?") {
		separator = "&"
	}
	return m.AuthorizationEndpoint + separator + "client_id=" + url.QueryEscape(p.o.ClientID) + "&request_uri=" + url.QueryEscape(uri), nil
}

// parsePushAnswer reads the answer to a pushed request (RFC 9126, section 2.2) and
// returns its request_uri. What it quotes from a refusal is rid of secrets.
func parsePushAnswer(status int, header http.Header, body []byte, secrets ...string) (string, error) {
	o, err := parseAnswer(pushEndpoint, http.StatusCreated, status, header, body, secrets)
	if err != nil {
		return "", err
	}
	uri, _ := o.Text("request_uri")
	life, ok := o.Number("expires_in")
	switch {
	case !validRequestURI(uri):
		return "", unavailable(pushEndpoint, errors.New("request_uri is missing or malformed"))
	case !ok || !(life > 0):
		return "", unavailable(pushEndpoint, errors.New("expires_in is missing or malformed"))
	}
	return uri, nil
}

// validRequestURI reports whether s is an absolute URI of printable characters without a
// fragment.
func validRequestURI(s string) bool {
	if len(s) > maxRequestURI {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= 0x20 || s[i] >= 0x7f || strings.IndexByte("\"#<>\\^`{|}", s[i]) >= 0 {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != ""
}
