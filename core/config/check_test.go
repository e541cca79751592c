package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gatehouse/core/config"
)

func TestInsecureCombinationsDoNotLoad(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   map[string]string
		blame []string
	}{
		{"http without development", with("APP_URL", "http://app.example.com"), []string{"APP_URL"}},
		{"http on loopback without development", with("APP_URL", "http://localhost:3000"), []string{"APP_URL"}},
		{"further origin over http", with("ADDITIONAL_APP_URLS", "http://b.example"), []string{"ADDITIONAL_APP_URLS"}},
		{"development over https", with("DEV_MODE", "true"), []string{"APP_URL"}},
		{"development over https on loopback", with("DEV_MODE", "true", "APP_URL", "https://localhost:3000"), []string{"APP_URL"}},
		{"development on a public name", with("DEV_MODE", "true", "APP_URL", "http://app.example.com"), []string{"APP_URL"}},
		{"development on a private address", with("DEV_MODE", "true", "APP_URL", "http://10.0.0.1"), []string{"APP_URL"}},
		{"development on every address", with("DEV_MODE", "true", "APP_URL", "http://0.0.0.0:3000"), []string{"APP_URL"}},
		{"development on a name that looks like loopback", with("DEV_MODE", "true", "APP_URL", "http://localhost.evil.example"), []string{"APP_URL"}},
		{"development with a public further origin", with("DEV_MODE", "true", "APP_URL", "http://localhost:3000", "ADDITIONAL_APP_URLS", "http://b.example"), []string{"ADDITIONAL_APP_URLS"}},
		{"no client secret", with("CLIENT_SECRET", ""), []string{"CLIENT_SECRET"}},
		{"no client secret in the body either", with("CLIENT_SECRET", "", "CLIENT_AUTH", "client_secret_post"), []string{"CLIENT_SECRET"}},
		{"public client with a secret", with("CLIENT_AUTH", "none"), []string{"CLIENT_SECRET"}},
		{"issuer over http", with("AUTH_SERVER_URL", "http://issuer.example"), []string{"AUTH_SERVER_URL"}},
		{"idle longer than the lifetime", with("SESSION_IDLE", "2h", "SESSION_LIFETIME", "1h"), []string{"SESSION_IDLE"}},
		{"application is the gateway", with("PROXY_TARGET", "https://app.example.com"), []string{"PROXY_TARGET"}},
		{"application is the gateway, port spelled out", with("PROXY_TARGET", "https://app.example.com:443/x"), []string{"PROXY_TARGET"}},
		{"application is the gateway's other origin", with("PROXY_TARGET", "https://b.example", "ADDITIONAL_APP_URLS", "https://b.example"), []string{"PROXY_TARGET"}},
		{"application is the gateway in development", with("DEV_MODE", "true", "APP_URL", "http://localhost:3000", "PROXY_TARGET", "http://localhost:3000"), []string{"PROXY_TARGET"}},
		{"one cookie secret twice", with("COOKIE_SECRET", key(1)+","+key(2)+","+key(1)), []string{"COOKIE_SECRET"}},
		{"cookie secret is the client secret", with("CLIENT_SECRET", key(9)+"=", "COOKIE_SECRET", key(1)+","+key(9)), []string{"COOKIE_SECRET"}},
		{"cookie secret one byte short", with("COOKIE_SECRET", key(1)[:42]), []string{"COOKIE_SECRET"}},
		{"cookie secret of zeros", with("COOKIE_SECRET", strings.Repeat("A", 43)), []string{"COOKIE_SECRET"}},
		{"every proxy trusted", with("TRUSTED_PROXIES", "0.0.0.0/0"), []string{"TRUSTED_PROXIES"}},
		{"everything public", with("PUBLIC_PATHS", "/*"), []string{"PUBLIC_PATHS"}},
		{"two identities in one header", with("HEADER_USER", "X-Id", "HEADER_GROUPS", "x_id"), []string{"HEADER_GROUPS"}},
		{"three identities in one header", with("HEADER_USER", "X-Id", "HEADER_EMAIL", "X-ID", "HEADER_GROUPS", "x_id"), []string{"HEADER_EMAIL", "HEADER_GROUPS"}},
		{"introspection by a client without proof", with("CLIENT_AUTH", "none", "CLIENT_SECRET", "", "BEARER_TOKENS", "introspection"), []string{"BEARER_TOKENS"}},
		{"DPoP without access tokens", with("DPOP", "required"), []string{"DPOP"}},
		{"DPoP", with("DPOP", "required", "BEARER_TOKENS", "jwt"), nil},
		{"access tokens read here and handed on", with("BEARER_TOKENS", "jwt", "PASS_AUTHORIZATION", "true"), []string{"PASS_AUTHORIZATION"}},
		{"sessions checked by nothing", with("CHECK_SESSIONS", "true"), []string{"CHECK_SESSIONS"}},
		{"assertions without a key", with("CLIENT_AUTH", "private_key_jwt", "CLIENT_SECRET", ""), []string{"CLIENT_KEY"}},
		{"a key and a secret", with("CLIENT_AUTH", "private_key_jwt", "CLIENT_KEY", "{}"), []string{"CLIENT_SECRET"}},
		{"rule that a public path covers", with("PUBLIC_PATHS", "/a/*", "ACCESS_RULES", "* /a/* deny; * /* any"), []string{"ACCESS_RULES"}},
		{"two mistakes of different kinds", with("APP_URL", "http://a.example", "CLIENT_SECRET", ""), []string{"APP_URL", "CLIENT_SECRET"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := mistakes(t, test.env); !slices.Equal(got, test.blame) {
				t.Errorf("blamed on %v, want %v", got, test.blame)
			}
		})
	}
}

func TestWhatDependsOnABrokenSettingIsNotJudged(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   map[string]string
		blame []string
	}{
		{"development", with("DEV_MODE", "yes", "APP_URL", "http://localhost:3000"), []string{"DEV_MODE"}},
		{"client authentication", with("CLIENT_AUTH", "x", "CLIENT_SECRET", ""), []string{"CLIENT_AUTH"}},
		{"lifetime", with("SESSION_LIFETIME", "x", "SESSION_IDLE", "100h"), []string{"SESSION_LIFETIME"}},
		{"origin", with("APP_URL", "x", "ADDITIONAL_APP_URLS", "https://b.example"), []string{"APP_URL"}},
	} {
		if got := mistakes(t, test.env); !slices.Equal(got, test.blame) {
			t.Errorf("%s: blamed on %v, want %v", test.name, got, test.blame)
		}
	}
}

func TestSafeCombinationsLoad(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   map[string]string
		check func(*config.Config) bool
	}{
		{"development on localhost", with("DEV_MODE", "true", "APP_URL", "http://localhost:3000"), func(c *config.Config) bool { return c.DevMode }},
		{"development on IPv4 loopback", with("DEV_MODE", "true", "APP_URL", "http://127.0.0.1:3000"), func(c *config.Config) bool { return c.DevMode }},
		{"development on IPv6 loopback", with("DEV_MODE", "true", "APP_URL", "http://[::1]:3000"), func(c *config.Config) bool { return c.DevMode }},
		{"development on a name below localhost", with("DEV_MODE", "true", "APP_URL", "http://app.localhost:3000"), func(c *config.Config) bool { return c.DevMode }},
		{"public client requires PKCE", with("CLIENT_AUTH", "none", "CLIENT_SECRET", ""), func(c *config.Config) bool { return c.RequirePKCE }},
		{"fixed sessions have no idle limit", with("SESSION_KIND", "fixed", "SESSION_LIFETIME", "1h"), func(c *config.Config) bool { return c.SessionKind == "fixed" }},
		{"application on the gateway's host, other scheme", with("PROXY_TARGET", "http://app.example.com"), func(c *config.Config) bool { return c.Upstream.Scheme == "http" }},
		{"origins in order", with("ADDITIONAL_APP_URLS", "https://b.example"), func(c *config.Config) bool {
			return len(c.Origins) == 2 && c.Origins[0] == c.AppURL && c.Origins[1].Host == "b.example"
		}},
		{"loopback issuer", with("AUTH_SERVER_URL", "http://127.0.0.1:9000", "EGRESS_HOSTS", "keys.example"), func(c *config.Config) bool {
			hosts, plain := c.EgressList()
			return slices.Equal(hosts, []string{"127.0.0.1:9000", "keys.example"}) && slices.Equal(plain, []string{"127.0.0.1:9000"})
		}},
		{"issuer with a port", with("AUTH_SERVER_URL", "https://Issuer.example:443/x"), func(c *config.Config) bool {
			hosts, plain := c.EgressList()
			return slices.Equal(hosts, []string{"issuer.example"}) && plain == nil && c.IssuerText == "https://Issuer.example:443/x"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if c := load(t, test.env); !test.check(c) {
				t.Errorf("got %v", describe(c))
			}
		})
	}
}

// Whatever is written into the settings, what loads is safe, and no message holds a
// secret, nor the password or query of a URL.
func FuzzLoad(f *testing.F) {
	f.Add("https://app.example.com", "hunter2-hunter2", key(1), "client_secret_basic", "/a,/b/*", "10.0.0.0/8")
	f.Add("http://localhost:3000", "", "hunter2-hunter2", "none", "/*", "0.0.0.0/0")
	f.Add("https://u:hunter2-hunter2@a.example?q", "\x00", "hunter2-hunter2,", "x", "\xff", ",,,")
	f.Add("https://a%2e.example:99999", "s", key(1)+","+key(1), "none", "/%2e%2e", "::ffff:1.2.3.4/97")
	f.Fuzz(func(t *testing.T, address, clientSecret, cookieSecret, method, paths, proxies string) {
		const marker = "q7marker7q"
		env := with("APP_URL", address, "CLIENT_SECRET", clientSecret+marker, "COOKIE_SECRET", cookieSecret+marker, "CLIENT_AUTH", method,
			"PUBLIC_PATHS", paths, "TRUSTED_PROXIES", proxies, "ADDITIONAL_APP_URLS", "https://u:"+marker+"@"+address, "ASSERTION_KEY", marker)
		for range 2 {
			c, err := config.Load(lookup(env))
			if err != nil {
				var errs config.Errors
				if c != nil || !errors.As(err, &errs) {
					t.Fatalf("got %v, %v", c, err)
				}
				for _, e := range errs {
					if strings.Contains(e.Error()+e.Hint, marker) || clientSecret != "" && len(clientSecret) > 12 && !strings.Contains(address+paths+proxies, clientSecret) && strings.Contains(e.Error(), clientSecret) {
						t.Errorf("a secret is in %q", e.Error())
					}
				}
			} else {
				for _, o := range c.Origins {
					if o.User != nil || o.Path != "" || o.RawQuery != "" || (o.Scheme == "https") == c.DevMode {
						t.Errorf("origin %v with DEV_MODE=%v", o, c.DevMode)
					}
				}
				for _, p := range c.TrustedProxies {
					if p.Bits() < 7 || p.Addr().Is4In6() || p != p.Masked() {
						t.Errorf("trusts %v", p)
					}
				}
				if slices.Contains(c.PublicPaths, "/*") || len(c.CookieSecrets) == 0 || (c.ClientAuth == "none") != c.ClientSecret.Empty() {
					t.Errorf("got %v", describe(c))
				}
			}
			// The second time without what always fails.
			env = with("APP_URL", address, "CLIENT_SECRET", clientSecret, "COOKIE_SECRET", cookieSecret, "CLIENT_AUTH", method,
				"PUBLIC_PATHS", paths, "TRUSTED_PROXIES", proxies)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	look := lookup(valid())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := config.Load(look); err != nil {
			b.Fatal(err)
		}
	}
}
