package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gatehouse/core/clientauth"
	"gatehouse/core/pkce"
	"gatehouse/core/secret"
)

// Limits of a token answer.
const (
	maxToken = 64 << 10
	// longestExpiry is where expires_in saturates.
	longestExpiry = 10 * 365 * 24 * time.Hour
)

// tokenAnswer is a successful answer of the token endpoint (RFC 6749, section 5.1).
type tokenAnswer struct {
	AccessToken, RefreshToken, IDToken secret.Text
	// Expiry is zero when the provider does not say.
	Expiry time.Time
}

// requestTokens redeems a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5). The
// error is ErrUnavailable or ErrTokenRefused.
func (p *Provider) requestTokens(ctx context.Context, m *Metadata, code, redirectURI string, verifier pkce.Verifier) (*tokenAnswer, error) {
	return p.postToken(ctx, m, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {redirectURI},
		"code_verifier": {verifier.Reveal()},
	}, p.authentication(), code, verifier.Reveal())
}

// postToken sends a token request. secrets are what its form holds; no error repeats
// them. The error is ErrUnavailable or ErrTokenRefused.
func (p *Provider) postToken(ctx context.Context, m *Metadata, form url.Values, authenticate clientauth.Method, secrets ...string) (*tokenAnswer, error) {
	a, secrets, err := p.post(ctx, tokenEndpoint, m.TokenEndpoint, form, authenticate, secrets)
	if err != nil {
		return nil, err
	}
	return parseTokenAnswer(a.Status, a.Header, a.Body, p.o.Now(), secrets...)
}

// authentication is how the client proves itself at the token endpoint.
func (p *Provider) authentication() clientauth.Method {
	switch p.o.ClientAuth {
	case ClientAuthNone:
		return clientauth.None(p.o.ClientID)
	case ClientSecretPost:
		return clientauth.Post(p.o.ClientID, p.o.ClientSecret)
	case PrivateKeyJWT:
		return clientauth.PrivateKeyJWT(p.o.Issuer, p.o.Assertion)
	}
	return clientauth.Basic(p.o.ClientID, p.o.ClientSecret)
}

// parseTokenAnswer reads the token endpoint's answer. What it quotes from a refusal is
// rid of secrets.
func parseTokenAnswer(status int, header http.Header, body []byte, now time.Time, secrets ...string) (*tokenAnswer, error) {
	o, err := parseAnswer(tokenEndpoint, http.StatusOK, status, header, body, secrets)
	if err != nil {
		return nil, err
	}
	a := &tokenAnswer{Expiry: expiryOf(o, now)}
	for name, dst := range map[string]*secret.Text{
		"access_token": &a.AccessToken, "refresh_token": &a.RefreshToken, "id_token": &a.IDToken,
	} {
		if !o.Has(name) {
			continue
		}
		text, ok := o.Text(name)
		if !ok || !tokenText(text) {
			return nil, unavailable(tokenEndpoint, errors.New("malformed "+name))
		}
		*dst = secret.New(text)
	}
	kind, _ := o.Text("token_type")
	switch {
	case a.AccessToken.Empty():
		return nil, unavailable(tokenEndpoint, errors.New("no access_token"))
	case !strings.EqualFold(kind, "Bearer"):
		return nil, unavailable(tokenEndpoint, errors.New("token_type is not Bearer"))
	}
	return a, nil
}

// tokenText reports whether s may be empty or a token: visible ASCII, bounded.
func tokenText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return len(s) <= maxToken
}

// expiryOf reads expires_in: a number, or the number as text that some providers send.
func expiryOf(o object, now time.Time) time.Time {
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
