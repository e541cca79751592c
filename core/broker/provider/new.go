package provider

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/oidc"
)

// Bounds of what is exchanged with a provider.
const (
	standardTimeout = 10 * time.Second
	standardSkew    = time.Minute
	// maxAnswer bounds answers that are read whole.
	maxAnswer = 1 << 20
)

// New makes a provider without asking it anything. The error joins [*SettingError]s.
func New(s Settings, parts Parts) (*Provider, error) {
	p := &Provider{s: s, now: parts.Now}
	for _, d := range append(slices.Clone(parts.Definitions), builtIn()...) {
		if d.Name == s.Name {
			p.d = d
			break
		}
	}
	p.complete()
	if p.protocol = p.d.Protocol; p.protocol == nil {
		p.protocol = OAuth{}
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.egress = &egress.Client{
		Transport: parts.Fetch, Hosts: append(slices.Clone(parts.Hosts), p.d.Hosts...), PlainHosts: parts.PlainHosts,
		Timeout: cmp.Or(parts.Timeout, standardTimeout), MaxBody: maxAnswer, Now: p.now,
	}
	err := p.check()
	if p.s.Issuer != "" {
		p.oidc = oidc.New(oidc.Options{
			Issuer: p.s.Issuer, ClientID: p.s.ClientID, PAR: oidc.PushNever, Egress: p.egress, Store: parts.Store,
			ClockSkew: cmp.Or(parts.ClockSkew, standardSkew), Now: p.now, Log: parts.Log, Background: parts.Background,
		})
	}
	return p, err
}

// complete takes from the definition what the settings leave open.
func (p *Provider) complete() {
	s, d := &p.s, &p.d
	s.Title = cmp.Or(s.Title, d.Title, s.Name)
	s.Issuer = cmp.Or(s.Issuer, d.Issuer)
	s.AuthorizationEndpoint = cmp.Or(s.AuthorizationEndpoint, d.AuthorizationEndpoint)
	s.TokenEndpoint = cmp.Or(s.TokenEndpoint, d.TokenEndpoint)
	s.UserinfoEndpoint = cmp.Or(s.UserinfoEndpoint, d.UserinfoEndpoint)
	s.RevocationEndpoint = cmp.Or(s.RevocationEndpoint, d.RevocationEndpoint)
	s.API = strings.TrimSuffix(cmp.Or(s.API, d.API), "/")
	s.ClientAuth = cmp.Or(s.ClientAuth, d.ClientAuth)
	if s.ClientAuth == "" {
		s.ClientAuth = oidc.ClientSecretBasic
	}
	if s.ClientSecret.Empty() {
		s.ClientAuth = oidc.ClientAuthNone
	}
	if s.Scopes == nil {
		s.Scopes = d.Scopes
	}
	if s.AllowedScopes == nil {
		s.AllowedScopes = s.Scopes
	}
	if s.Calls == nil {
		s.Calls = d.Calls
	}
}

// check finds what is wrong with the settings and fills in what follows from them.
func (p *Provider) check() error {
	var errs []error
	wrong := func(setting, problem string) {
		errs = append(errs, &SettingError{setting, problem})
	}
	if p.s.ClientID == "" {
		wrong("CLIENT_ID", "is missing")
	}
	if p.s.Issuer == "" {
		if p.s.AuthorizationEndpoint == "" {
			wrong("AUTHORIZATION_ENDPOINT", "is missing, and so is an issuer that would tell it")
		}
		if p.s.TokenEndpoint == "" {
			wrong("TOKEN_ENDPOINT", "is missing, and so is an issuer that would tell it")
		}
	}
	switch p.s.ClientAuth {
	case oidc.ClientSecretBasic, oidc.ClientSecretPost, oidc.ClientAuthNone:
	default:
		wrong("CLIENT_AUTH", "must be client_secret_basic, client_secret_post or none")
	}
	if p.d.NeedsSecret && p.s.ClientSecret.Empty() {
		wrong("CLIENT_SECRET", "is missing")
	}
	for _, e := range []struct{ setting, address string }{
		{"ISSUER", p.s.Issuer}, {"AUTHORIZATION_ENDPOINT", p.s.AuthorizationEndpoint},
		{"TOKEN_ENDPOINT", p.s.TokenEndpoint}, {"USERINFO_ENDPOINT", p.s.UserinfoEndpoint},
		{"REVOCATION_ENDPOINT", p.s.RevocationEndpoint}, {"API", p.s.API},
	} {
		if e.address == "" {
			continue
		}
		u, problem := p.address(e.address)
		switch {
		case problem == "" && u.RawQuery != "" && (e.setting == "API" || e.setting == "ISSUER"):
			problem = "must not have a query"
		case problem == "" && e.setting != "AUTHORIZATION_ENDPOINT":
			p.egress.Hosts = append(p.egress.Hosts, egress.Host(u))
		}
		if problem != "" {
			wrong(e.setting, problem)
		}
	}
	for _, list := range [][]string{p.s.Scopes, p.s.AllowedScopes} {
		for _, scope := range list {
			if !scopeText(scope) {
				wrong("SCOPES", "has a scope with a character that scopes do not have")
			}
		}
	}
	for _, scope := range p.s.Scopes {
		if !slices.Contains(p.s.AllowedScopes, scope) {
			wrong("ALLOWED_SCOPES", "lacks "+printable(scope, 100)+", which SCOPES asks for")
		}
	}
	for _, line := range p.s.Calls {
		c, problem := parsePattern(line)
		if problem != "" {
			wrong("CALLS", problem)
		}
		p.calls = append(p.calls, c)
	}
	return errors.Join(errs...)
}

// ownParameters must not stand in an endpoint's address already.
var ownParameters = []string{
	"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
	"code_challenge_method", "api_key", "cb", "token", "access_token",
}

// address parses one of the settings; problem says why it is refused.
func (p *Provider) address(text string) (u *url.URL, problem string) {
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
	case u.Scheme == "http" && !slices.Contains(p.egress.PlainHosts, egress.Host(u)):
		return nil, "must be https; http is for loopback addresses in DEV_MODE"
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, "must be https"
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

// CheckRedirectURI reports whether the provider is known to refuse uri as this
// deployment's callback: the text of the problem, or "".
func (p *Provider) CheckRedirectURI(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "is not a URL"
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if p.d.LoopbackIP && (host == "localhost" || strings.HasSuffix(host, ".localhost")) {
		return "is on localhost, which " + p.s.Title + " refuses: use 127.0.0.1 or [::1]"
	}
	return ""
}

// newRequest makes a request of the broker's own. The error is an [*Error].
func newRequest(method, address, body string) (*http.Request, error) {
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return nil, fail(Configuration, "malformed address")
	}
	if body == "" {
		r.Body, r.GetBody, r.ContentLength = nil, nil, 0
	} else {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", userAgent)
	return r, nil
}

// userAgent is what GitHub, among others, insists on.
const userAgent = "Gatehouse"
