package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"gatehouse/core/egress"
	"gatehouse/core/pkce"
)

// Metadata is what a provider publishes about itself (OpenID Connect Discovery 1.0,
// section 3; RFC 8414, section 2), checked: addresses are absolute, of https, and
// those that the gateway calls are on the egress list. A loopback issuer of http may
// have loopback addresses of http. Optional addresses are empty when absent. It is
// read-only.
type Metadata struct {
	Issuer                string
	AuthorizationEndpoint string
	TokenEndpoint         string
	JWKSURI               string
	UserinfoEndpoint      string
	EndSessionEndpoint    string
	IntrospectionEndpoint string
	RevocationEndpoint    string
	// PushedRequestEndpoint is read only where requests are pushed.
	PushedRequestEndpoint string
	// IDTokenSigningAlgs, CodeChallengeMethods and TokenEndpointAuthMethods are nil
	// when the provider does not list them.
	IDTokenSigningAlgs       []string
	CodeChallengeMethods     []string
	TokenEndpointAuthMethods []string
	// IssParameterSupported: authorization responses carry iss (RFC 9207, section 3).
	IssParameterSupported bool
	// PushRequired: authorization requests must be pushed (RFC 9126, section 5).
	PushRequired bool
}

// Metadata returns the provider's metadata, at most an hour old, or at most a day old
// while the provider cannot be asked. The error is ErrUnavailable or ErrMetadata.
func (p *Provider) Metadata(ctx context.Context) (*Metadata, error) {
	c, _, err := p.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	return c.value, nil
}

const (
	discoverySuffix = "/.well-known/openid-configuration"
	serverMetadata  = "/.well-known/oauth-authorization-server"
)

// discoveryURL appends to the issuer (OpenID Connect Discovery 1.0, section 4.1).
func (p *Provider) discoveryURL() string {
	return strings.TrimSuffix(p.o.Issuer, "/") + discoverySuffix
}

// insertedURL is the other form, between host and path (RFC 8414, section 3.1).
func (p *Provider) insertedURL() string {
	u := *p.issuer
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	u.Path, u.RawPath = "", ""
	return strings.TrimSuffix(u.String(), "/") + serverMetadata + path
}

func (p *Provider) fetchMetadata(ctx context.Context, address string) ([]byte, error) {
	body, err := p.fetchDocument(ctx, "metadata", address)
	var status statusError
	if errors.As(err, &status) && status == http.StatusNotFound {
		if other, err := p.fetchDocument(ctx, "metadata", p.insertedURL()); err == nil {
			return other, nil
		}
	}
	return body, err
}

func (p *Provider) parseMetadata(body []byte) (*Metadata, error) {
	o, err := parseObject(body)
	if err != nil {
		return nil, unavailable("metadata", err)
	}
	m := &Metadata{}
	m.PushRequired, _ = o.Flag("require_pushed_authorization_requests")
	if m.Issuer, _ = o.Text("issuer"); m.Issuer != p.o.Issuer {
		return nil, refusedMetadata("issuer is %q, configured is %q", printable(m.Issuer, 200), p.o.Issuer)
	}
	var missing []string
	for _, e := range []struct {
		name     string
		dst      *string
		required bool
		called   bool // by the gateway, not by the browser
	}{
		{"authorization_endpoint", &m.AuthorizationEndpoint, true, false},
		{"token_endpoint", &m.TokenEndpoint, true, true},
		{"jwks_uri", &m.JWKSURI, true, true},
		{"userinfo_endpoint", &m.UserinfoEndpoint, false, true},
		{"end_session_endpoint", &m.EndSessionEndpoint, false, false},
		{"introspection_endpoint", &m.IntrospectionEndpoint, false, true},
		{"revocation_endpoint", &m.RevocationEndpoint, false, true},
		{"pushed_authorization_request_endpoint", &m.PushedRequestEndpoint, true, true},
	} {
		if e.dst == &m.PushedRequestEndpoint && !p.pushes(m) {
			continue
		}
		if !o.Has(e.name) {
			if e.required {
				return nil, refusedMetadata("%s is missing", e.name)
			}
			continue
		}
		text, _ := o.Text(e.name)
		u, problem := p.endpoint(text)
		if problem != "" {
			return nil, refusedMetadata("%s %s", e.name, problem)
		}
		if e.called && p.o.Egress.Check(u) != nil {
			if host := printable(egress.Host(u), 200); !slices.Contains(missing, host) {
				missing = append(missing, host)
			}
		}
		*e.dst = text
	}
	if len(missing) > 0 {
		return nil, refusedMetadata("endpoints are on hosts that may not be called; to allow them, add to EGRESS_HOSTS: %s", strings.Join(missing, ","))
	}
	if err := p.capabilities(o, m); err != nil {
		return nil, err
	}
	return m, nil
}

// capabilities reads what the provider can do and refuses what does not suffice.
func (p *Provider) capabilities(o object, m *Metadata) error {
	var types []string
	for name, dst := range map[string]*[]string{
		"response_types_supported":              &types,
		"id_token_signing_alg_values_supported": &m.IDTokenSigningAlgs,
		"code_challenge_methods_supported":      &m.CodeChallengeMethods,
		"token_endpoint_auth_methods_supported": &m.TokenEndpointAuthMethods,
	} {
		if !o.Has(name) {
			continue
		}
		var ok bool
		if *dst, ok = o.Texts(name); !ok {
			return refusedMetadata("%s is not a list of strings", name)
		}
	}
	m.IssParameterSupported, _ = o.Flag("authorization_response_iss_parameter_supported")
	switch {
	case types != nil && !slices.Contains(types, "code"):
		return refusedMetadata("response_types_supported lacks code")
	case p.o.RequirePKCE && !slices.Contains(m.CodeChallengeMethods, pkce.Method):
		return refusedMetadata("code_challenge_methods_supported lacks S256, which REQUIRE_PKCE asks for")
	}
	return nil
}

// ownParameters are those that this package adds to an endpoint's address; a
// parameter must not stand there twice (RFC 6749, section 3.1).
var ownParameters = []string{
	"response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method", "id_token_hint", "post_logout_redirect_uri",
	"request_uri", "acr_values", "max_age", "login_hint",
}

// endpoint parses an address from the metadata; problem says why it is refused.
func (p *Provider) endpoint(text string) (u *url.URL, problem string) {
	for i := 0; i < len(text); i++ {
		if text[i] <= 0x20 || text[i] >= 0x7f || text[i] == '\\' || text[i] == '"' {
			return nil, "has a character that URLs do not have"
		}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return nil, "is not an absolute URL"
	case u.User != nil:
		return nil, "contains a user name"
	case strings.Contains(text, "#"):
		return nil, "has a fragment"
	case u.Scheme == "http" && !(p.issuer.Scheme == "http" && loopback(p.issuer) && loopback(u)):
		return nil, "is not https"
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, "is not https"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, "has a malformed query"
	}
	for _, name := range ownParameters {
		if query.Has(name) {
			return nil, "already has the parameter " + name
		}
	}
	return u, ""
}

// loopback reports whether u's host is a loopback address or localhost.
func loopback(u *url.URL) bool {
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
