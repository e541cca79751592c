package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gatehouse/core/access"
	"gatehouse/core/egress"
)

// offlineAccess is the scope that asks for a refresh token (OpenID Connect Core 1.0,
// section 11).
const offlineAccess = "offline_access"

// check finds mistakes in how settings go together and completes derived ones.
// known are the mistakes found so far: what depends on a broken setting is not
// judged.
func (c *Config) check(known Errors) Errors {
	var errs Errors
	add := func(name, problem, hint string) { errs = append(errs, &Error{name, problem, hint}) }

	if c.AppURL != nil {
		c.Origins = append([]*url.URL{c.AppURL}, c.Origins...)
	}
	for i, o := range c.Origins {
		name := "ADDITIONAL_APP_URLS"
		if i == 0 && o == c.AppURL {
			name = "APP_URL"
		}
		switch {
		case c.DevMode && (o.Scheme != "http" || !loopback(o)):
			add(name, "DEV_MODE=true needs an http URL on a loopback address, not "+o.String(),
				"remove DEV_MODE, or use http://localhost:3000")
		case !c.DevMode && !known.Has("DEV_MODE") && o.Scheme != "https":
			add(name, "must be https, because the session cookie is Secure",
				"begin it with https://, or for development on this machine use http://localhost:3000 with DEV_MODE=true")
		}
		for _, other := range c.Origins[:i] {
			if o.Host == other.Host {
				add(name, "names the host "+o.Host+" twice", "name each host once, in APP_URL or in ADDITIONAL_APP_URLS")
			}
		}
	}

	if c.Gateway {
		errs = append(errs, c.checkGateway(known)...)
	}
	return errs
}

// checkGateway finds mistakes in what only the gateway needs.
func (c *Config) checkGateway(known Errors) Errors {
	var errs Errors
	add := func(name, problem, hint string) { errs = append(errs, &Error{name, problem, hint}) }

	if c.Issuer != nil && c.Issuer.Scheme != "https" && !loopback(c.Issuer) {
		add("AUTH_SERVER_URL", "must be https", "http is accepted for loopback addresses only")
	}
	if isKey := c.ClientAuth == "private_key_jwt"; isKey != !c.ClientKey.Empty() && !known.Has("CLIENT_AUTH") {
		if isKey {
			add("CLIENT_KEY", "is required for private_key_jwt", "create a JSON key for the application at the provider")
		} else {
			add("CLIENT_KEY", "is set although CLIENT_AUTH is "+c.ClientAuth, "set CLIENT_AUTH=private_key_jwt, or remove it")
		}
	}
	errs = append(errs, c.checkAccess()...)
	if c.ClientAuth == "none" && c.BearerTokens == "introspection" {
		add("BEARER_TOKENS", "introspection needs a client that can prove itself", "set BEARER_TOKENS=jwt, or give the client a secret")
	}
	if c.DPoP != "" && c.DPoP != "off" && c.BearerTokens == "off" {
		add("DPOP", "needs BEARER_TOKENS", "set BEARER_TOKENS=jwt or introspection, or remove it")
	}
	if c.CheckSessions && c.BearerTokens == "off" {
		add("CHECK_SESSIONS", "needs BEARER_TOKENS", "set BEARER_TOKENS=introspection")
	}
	if c.BearerTokens != "off" && c.PassAuthorization {
		add("PASS_AUTHORIZATION", "would hand the access token that BEARER_TOKENS reads to the application", "use PASS_ACCESS_TOKEN, or set BEARER_TOKENS=off")
	}
	if len(c.Audiences) == 0 {
		c.Audiences = []string{c.ClientID}
		if c.ProjectID != "" {
			c.Audiences = append(c.Audiences, c.ProjectID)
		}
	}
	switch {
	case (c.ClientAuth == "none" || c.ClientAuth == "private_key_jwt") && !c.ClientSecret.Empty():
		add("CLIENT_SECRET", "is set although CLIENT_AUTH is "+c.ClientAuth, "remove one of the two")
	case strings.HasPrefix(c.ClientAuth, "client_secret_") && c.ClientSecret.Empty():
		add("CLIENT_SECRET", "is required for "+c.ClientAuth, "copy it from the application at the provider, or set CLIENT_AUTH=none for a public client")
	}
	for i, s := range c.CookieSecrets {
		if base64.RawURLEncoding.EncodeToString([]byte(s.Reveal())) == strings.TrimRight(c.ClientSecret.Reveal(), "=") {
			add("COOKIE_SECRET", fmt.Sprintf("key %d is the CLIENT_SECRET, which the provider knows", i+1), "run: gatehouse keygen")
		}
	}
	if c.ClientAuth == "none" {
		c.RequirePKCE = true
	}
	if !known.Has("SESSION_IDLE") && !known.Has("SESSION_LIFETIME") && c.SessionKind != "fixed" && c.SessionIdle > c.SessionMax {
		add("SESSION_IDLE", "is longer than SESSION_LIFETIME", "lower one or raise the other")
	}
	if c.Upstream != nil {
		for _, o := range c.Origins {
			if egress.Host(o) == egress.Host(c.Upstream) && o.Scheme == c.Upstream.Scheme {
				add("PROXY_TARGET", "is the gateway itself", "name the application's own address")
			}
		}
		if c.AssertionAudience == "" {
			c.AssertionAudience = c.Upstream.Scheme + "://" + c.Upstream.Host
		}
	}
	for _, p := range c.PublicPaths {
		if strings.Contains(p, "*") && strings.Trim(p, "/*") == "" {
			add("PUBLIC_PATHS", p+" would make the application public", "name the parts that need no login")
		}
	}
	used := map[string]string{}
	for _, h := range []struct{ setting, name string }{
		{"HEADER_USER", c.HeaderUser}, {"HEADER_EMAIL", c.HeaderEmail},
		{"HEADER_PREFERRED_USERNAME", c.HeaderPreferredUsername}, {"HEADER_GROUPS", c.HeaderGroups},
	} {
		folded := fold(h.name)
		if first, ok := used[folded]; ok && folded != "" {
			add(h.setting, "names the same header as "+first, "give each HEADER_ setting its own name")
		}
		used[folded] = h.setting
	}
	return errs
}

// checkAccess parses the access rules, which are written in lines of their own.
func (c *Config) checkAccess() (errs Errors) {
	if c.AccessRulesText == "" {
		return nil
	}
	rules, err := access.Parse(c.AccessRulesText)
	var mistakes access.Errors
	if err == nil {
		c.AccessRules = rules
		mistakes = rules.CheckPublic(c.PublicPaths)
	} else if !errors.As(err, &mistakes) {
		return Errors{{Name: "ACCESS_RULES", Problem: err.Error()}}
	}
	for _, m := range mistakes {
		errs = append(errs, &Error{Name: "ACCESS_RULES", Problem: m.Error(), Hint: m.Hint})
	}
	return errs
}

// EgressList is every host that the gateway may call: the issuer's and EGRESS_HOSTS.
// plain are those that may be called over http, which only a loopback issuer is.
func (c *Config) EgressList() (hosts, plain []string) {
	if c.Issuer == nil {
		return c.EgressHosts, nil
	}
	hosts = append([]string{egress.Host(c.Issuer)}, c.EgressHosts...)
	if c.Issuer.Scheme == "http" {
		plain = []string{egress.Host(c.Issuer)}
	}
	return hosts, plain
}
