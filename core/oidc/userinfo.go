package oidc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
)

// needsUserinfo reports whether one of the wanted claims is missing.
func needsUserinfo(claims object, wanted []string) bool {
	for _, name := range wanted {
		if !claims.Has(name) {
			return true
		}
	}
	return false
}

// userinfo asks the UserInfo endpoint (OpenID Connect Core 1.0, section 5.3) about
// subject. The error is ErrUnavailable or ErrUserinfo.
func (p *Provider) userinfo(ctx context.Context, m *Metadata, accessToken, subject string) (object, error) {
	r, err := http.NewRequest(http.MethodGet, m.UserinfoEndpoint, nil)
	if err != nil {
		return nil, unavailable("userinfo", errAddress)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+accessToken)
	a, err := p.o.Egress.Do(ctx, r)
	if err != nil {
		return nil, unavailable("userinfo", err)
	}
	return parseUserinfo(a.Status, a.Header, a.Body, subject)
}

// parseUserinfo reads a UserInfo answer. An answer about another subject must not be
// used (section 5.3.2), and neither is the login.
func parseUserinfo(status int, header http.Header, body []byte, subject string) (object, error) {
	switch {
	case status >= 400 && status <= 499:
		return nil, fmt.Errorf("%w: %w", ErrUserinfo, statusError(status))
	case status != http.StatusOK:
		return nil, unavailable("userinfo", statusError(status))
	case mediaType(header) == "application/jwt":
		return nil, fmt.Errorf("%w: signed or encrypted answers are not supported; register the client for plain JSON", ErrUserinfo)
	case isHTML(header):
		return nil, unavailable("userinfo", errHTML)
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, unavailable("userinfo", err)
	}
	if o.Has("error") {
		return nil, unavailable("userinfo", errors.New("an error with status 200"))
	}
	if sub, _ := o.Text("sub"); sub != subject || sub == "" {
		return nil, fmt.Errorf("%w: sub is not the ID token's", ErrUserinfo)
	}
	return o, nil
}

// merge adds userinfo's claims to those of the ID token, which stay as they are.
// Whether an address is verified is believed only from who gave that address.
func merge(token, info object) object {
	merged := maps.Clone(info)
	maps.Copy(merged, token)
	switch {
	case !token.Has("email"):
		for _, name := range []string{"email", "email_verified"} {
			delete(merged, name)
			if info.Has(name) {
				merged[name] = info[name]
			}
		}
	case !token.Has("email_verified"):
		ours, _ := token.Text("email")
		if theirs, _ := info.Text("email"); theirs != ours {
			delete(merged, "email_verified")
		}
	}
	return merged
}
