package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"gatehouse/core/pkce"
	"gatehouse/core/stepup"
)

// AuthorizationRequest is what an authorization request carries besides the
// provider's own settings. All fields but Demand and LoginHint are required.
type AuthorizationRequest struct {
	RedirectURI string
	State       string
	Nonce       string
	Verifier    pkce.Verifier
	// Demand is what the login must be; [Provider.Redeem] has to be told too.
	Demand stepup.Demand
	// LoginHint tells the provider who may want to log in; "" is left out.
	LoginHint string
}

var errIncomplete = errors.New("oidc: incomplete request")

// AuthorizationURL returns the address to send the browser to (RFC 6749, section
// 4.1.1; OpenID Connect Core 1.0, section 3.1.2.1; RFC 7636, section 4.3). The
// endpoint's own query stays in front. Where requests are pushed (Options.PAR), it
// asks the provider. The error is ErrUnavailable, ErrMetadata or ErrTokenRefused.
func (p *Provider) AuthorizationURL(ctx context.Context, r AuthorizationRequest) (string, error) {
	if r.RedirectURI == "" || r.State == "" || r.Nonce == "" || r.Verifier.IsZero() {
		return "", errIncomplete
	}
	m, err := p.Metadata(ctx)
	if err != nil {
		return "", err
	}
	pushed := p.pushes(m)
	c := oauth2.Config{
		ClientID:    p.o.ClientID,
		RedirectURL: r.RedirectURI,
		Scopes:      p.o.Scopes,
	}
	if !pushed {
		c.Endpoint.AuthURL = m.AuthorizationEndpoint
	}
	parameters := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("nonce", r.Nonce), oauth2.S256ChallengeOption(r.Verifier.Reveal())}
	if v := r.Demand.ACRValues(); v != "" {
		parameters = append(parameters, oauth2.SetAuthURLParam("acr_values", v))
	}
	if v := r.Demand.MaxAgeSeconds(); v != "" {
		parameters = append(parameters, oauth2.SetAuthURLParam("max_age", v))
	}
	if r.LoginHint != "" {
		parameters = append(parameters, oauth2.SetAuthURLParam("login_hint", r.LoginHint))
	}
	address := c.AuthCodeURL(r.State, parameters...)
	if !pushed {
		return address, nil
	}
	form, err := url.ParseQuery(strings.TrimPrefix(address, "?"))
	if err != nil {
		return "", errIncomplete
	}
	return p.push(ctx, m, form)
}

// CheckIssuer checks the iss parameter of an authorization response by simple string
// comparison (RFC 9207, section 2.4); present says whether there was one. A response
// without it is refused when the metadata promises it, which may need asking for. The
// error is ErrIssuer, ErrUnavailable or ErrMetadata.
func (p *Provider) CheckIssuer(ctx context.Context, iss string, present bool) error {
	if present {
		if iss != p.o.Issuer {
			return fmt.Errorf("%w: iss is %q", ErrIssuer, printable(iss, 200))
		}
		return nil
	}
	m, err := p.Metadata(ctx)
	if err != nil {
		return err
	}
	if m.IssParameterSupported {
		return fmt.Errorf("%w: iss is missing", ErrIssuer)
	}
	return nil
}

// withOpenID returns scopes with openid, which makes the request one of OpenID
// Connect.
func withOpenID(scopes []string) []string {
	if slices.Contains(scopes, "openid") {
		return slices.Clone(scopes)
	}
	return append([]string{"openid"}, scopes...)
}
