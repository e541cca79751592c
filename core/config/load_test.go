package config_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gatehouse/core/config"
)

// key is a cookie secret for tests.
func key(fill byte) string {
	b := make([]byte, 32)
	for i := range b {
		b[i] = fill + byte(i)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// valid is the least configuration that loads.
func valid() map[string]string {
	return map[string]string{
		"APP_URL": "https://app.example.com", "AUTH_SERVER_URL": "https://issuer.example",
		"CLIENT_ID": "client", "CLIENT_SECRET": "client-secret", "PROXY_TARGET": "http://127.0.0.1:8081", "COOKIE_SECRET": key(1),
	}
}

// with is valid with settings changed, name and value in turns; "" removes.
func with(changes ...string) map[string]string {
	env := valid()
	for i := 0; i < len(changes); i += 2 {
		env[changes[i]] = changes[i+1]
	}
	return env
}

func lookup(env map[string]string) config.Lookup {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

func load(t testing.TB, env map[string]string) *config.Config {
	t.Helper()
	c, err := config.Load(lookup(env))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mistakes are the names that Load complains about, in order.
func mistakes(t testing.TB, env map[string]string) []string {
	t.Helper()
	c, err := config.Load(lookup(env))
	if err == nil {
		return nil
	}
	var errs config.Errors
	if c != nil || !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("got %v, %v", c, err)
	}
	var names []string
	for _, e := range errs {
		if e.Problem == "" || !strings.HasPrefix(e.Error(), e.Name+": ") || strings.Contains(e.Error(), "\n") {
			t.Errorf("malformed mistake %q", e)
		}
		names = append(names, e.Name)
	}
	return names
}

// describe renders the fields of c, without secrets.
func describe(c *config.Config) map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		out[v.Type().Field(i).Name] = fmt.Sprint(v.Field(i).Interface())
	}
	return out
}

func TestDefaults(t *testing.T) {
	c := load(t, valid())
	want := map[string]string{
		"AppURL": "https://app.example.com", "Origins": "[https://app.example.com]", "BasePath": "", "Environment": "", "DevMode": "false",
		"Upstream": "http://127.0.0.1:8081", "UpstreamTimeout": "1m0s",
		"Issuer": "https://issuer.example", "IssuerText": "https://issuer.example", "ClientID": "client",
		"ClientSecret": "[redacted]", "ClientAuth": "client_secret_basic", "Scopes": "[openid email profile]",
		"RequirePKCE": "false", "PAR": "auto", "IDTokenAlgs": "[RS256 ES256 PS256 EdDSA]", "ClockSkew": "30s",
		"UserinfoClaims": "[preferred_username name email]", "GroupsClaim": "groups", "RolesClaim": "", "ProjectID": "", "EgressHosts": "[]", "OutboundWait": "10s",
		"CookieSecrets": "[[redacted]]", "CookieName": "gatehouse", "SessionKind": "browser", "SessionIdle": "12h0m0s", "SessionMax": "336h0m0s",
		"PublicPaths": "[]", "EncodedSlashPaths": "[]", "TrustedProxies": "[]", "LoginsPerMinute": "20", "TokensPerMinute": "600", "ProviderLogout": "true", "BackchannelLogout": "false", "FrontchannelLogout": "false", "LogoutEverywhere": "false", "RevokeTokens": "true", "StreamCheck": "30s",
		"HeaderUser": "X-Forwarded-User", "HeaderEmail": "X-Forwarded-Email", "HeaderPreferredUsername": "X-Forwarded-Preferred-Username",
		"HeaderGroups": "X-Forwarded-Groups", "StripHeaders": "[]", "PassAccessToken": "false", "PassAuthorization": "false",
		"ClientKey": "[redacted]", "CheckSessions": "false", "RefreshSessions": "false", "AccessRules": "", "AccessRulesText": "", "BearerTokens": "off", "DPoP": "off", "Audiences": "[client]", "RequiredScopes": "[]", "IntrospectionCache": "1m0s",
		"AssertionKey": "[redacted]", "AssertionAudience": "http://127.0.0.1:8081",
		"Gateway": "true", "Broker": "false", "ProviderNames": "[]", "Providers": "[]", "APIKey": "", "APISecret": "[redacted]", "Redirects": "[]", "ScriptOrigins": "[]",
		"AppKeys": "[]", "BrokerPerMinute": "60", "AppPerMinute": "600", "Compatibility": "false",
	}
	got := describe(c)
	for name := range maps.Keys(got) {
		if w, ok := want[name]; !ok || got[name] != w {
			t.Errorf("%s is %q, want %q", name, got[name], w)
		}
	}
	if !c.AssertionKey.Empty() || c.ClientSecret.Reveal() != "client-secret" || len(c.CookieSecrets[0].Reveal()) != 32 {
		t.Error("a secret is not what was configured")
	}
	hosts, plain := c.EgressList()
	if !slices.Equal(hosts, []string{"issuer.example"}) || plain != nil {
		t.Errorf("egress to %v, plain %v", hosts, plain)
	}
}

func TestRequiredSettings(t *testing.T) {
	for _, name := range []string{"APP_URL", "AUTH_SERVER_URL", "CLIENT_ID", "CLIENT_SECRET", "PROXY_TARGET", "COOKIE_SECRET"} {
		for _, value := range []string{"", "  ", "\t\n"} {
			if got := mistakes(t, with(name, value)); !slices.Equal(got, []string{name}) {
				t.Errorf("%s=%q: %v", name, value, got)
			}
		}
	}
}

func TestNothingElseIsAskedFor(t *testing.T) {
	asked := map[string]bool{}
	_, err := config.Load(func(name string) (string, bool) {
		asked[name] = true
		v, ok := valid()[name]
		return v, ok
	})
	if err != nil || asked["HOST"] || asked["PATH"] {
		t.Errorf("got %v, asked %v", err, asked)
	}
	for _, f := range config.Fields(&config.Config{}) {
		delete(asked, f.Name)
	}
	if len(asked) != 0 {
		t.Errorf("asked for %v, which the table does not have", asked)
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	env := map[string]string{}
	var want []string
	for _, f := range config.Fields(&config.Config{}) {
		switch f.Name {
		case "CLIENT_ID", "CLIENT_SECRET", "GROUPS_CLAIM", "ROLES_CLAIM", "USERINFO_CLAIMS", "CLIENT_KEY", "ASSERTION_KEY", "ASSERTION_AUDIENCE", "OAUTH_API_KEY", "OAUTH_API_SECRET":
			continue // take nearly anything
		}
		env[f.Name] = "\x01 ,"
		want = append(want, f.Name)
	}
	env["GROUPS_CLAIM"], env["ROLES_CLAIM"], env["ASSERTION_AUDIENCE"] = "a\x00b", "a\x00b", "a\nb"
	got := mistakes(t, env)
	for _, name := range append(want, "CLIENT_ID", "GROUPS_CLAIM", "ROLES_CLAIM", "ASSERTION_AUDIENCE") {
		if !slices.Contains(got, name) {
			t.Errorf("%s is not among the mistakes", name)
		}
	}
	_, err := config.Load(lookup(env))
	if n := strings.Count(err.Error(), "\n") + 1; n != len(got) {
		t.Errorf("%d lines for %d mistakes", n, len(got))
	}
}

func TestScopes(t *testing.T) {
	const org, project = "urn:zitadel:iam:org:id:123", "urn:zitadel:iam:org:project:id:456:aud"
	for _, test := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"neither", valid(), "openid email profile"},
		{"organisation", with("ZITADEL_ORG_ID", "123"), "openid email profile " + org},
		{"project", with("ZITADEL_PROJECT_ID", "456"), "openid email profile " + project},
		{"both", with("ZITADEL_ORG_ID", "123", "ZITADEL_PROJECT_ID", "456"), "openid email profile " + org + " " + project},
		{"further ones", with("SCOPES", "offline_access,email", "ZITADEL_ORG_ID", "123"), "openid offline_access email " + org},
		{"openid is always there, once", with("SCOPES", "email openid email"), "openid email"},
		{"named twice", with("SCOPES", org, "ZITADEL_ORG_ID", "123"), "openid " + org},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := load(t, test.env)
			if got := strings.Join(c.Scopes, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if c.ProjectID != test.env["ZITADEL_PROJECT_ID"] {
				t.Errorf("project is %q", c.ProjectID)
			}
		})
	}
}
