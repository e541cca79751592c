package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/config"
)

// values lists for every field texts that are read as given, texts that mean
// something else, and texts that are refused.
var values = []struct {
	name, field string
	good        [][2]string // text, what Config.field prints
	bad         []string
}{
	{"APP_URL", "AppURL",
		[][2]string{{"https://a.example", "https://a.example"}, {"https://a.example/", "https://a.example"}, {"HTTPS://A.Example:443", "https://a.example"},
			{"https://a.example:8443", "https://a.example:8443"}, {"https://[2001:db8::1]", "https://[2001:db8::1]"}, {" https://a.example ", "https://a.example"}},
		[]string{"a.example", "//a.example", "https:a.example", "ftp://a.example", "https://", "https://:443", "https://a.example/path", "https://a.example//",
			"https://a.example/%2f", "https://a.example?", "https://a.example?q", "https://a.example#", "https://user@a.example", "https://user:pw@a.example",
			"https://*.example", "https://a.example:0", "https://a.example:65536", "https://a.example:", "https://bücher.example", "https://a example",
			"https://.example", "https://a,b.example", "https://a'b.example", "https://[fe80::1%25eth0]", "https://" + strings.Repeat("a", 254), "https://a%2eexample", "javascript:alert(1)"}},
	{"ADDITIONAL_APP_URLS", "Origins",
		[][2]string{{"https://b.example, https://c.example:444", "[https://app.example.com https://b.example https://c.example:444]"}},
		[]string{",", "https://b.example,x", "https://b.example,https://b.example", "https://app.example.com", "https://b.example/x", strings.Repeat("https://b.example,", 101)}},
	{"BASE_PATH", "BasePath", [][2]string{{"/auth-edge", "/auth-edge"}, {"/a/b/", "/a/b"}, {"/", ""}},
		[]string{"auth", "//", "/a//b", "/../a", "/a/..", "/.", "/a b", "/a%2f", "/a?b", "/a#b", "/ä", `/a\b`, "https://a.example/a", "/*"}},
	{"ENVIRONMENT", "Environment", [][2]string{{"staging", "staging"}, {"EU_1-b", "EU_1-b"}}, []string{"a b", "ä", "a\"b", "a/b", strings.Repeat("a", 33)}},
	{"DEV_MODE", "DevMode", [][2]string{{"false", "false"}}, []string{"True", "1", "yes", "on", "no"}},
	{"AUTH_SERVER_URL", "IssuerText",
		[][2]string{{"https://i.example/", "https://i.example/"}, {"https://i.example/realm/x", "https://i.example/realm/x"}, {"http://localhost:9000", "http://localhost:9000"}, {"http://127.0.0.1:9000", "http://127.0.0.1:9000"}, {"http://[::1]:9000", "http://[::1]:9000"}},
		[]string{"http://i.example", "http://10.0.0.1", "http://localhost.evil.example", "i.example", "https://i.example?x=1", "https://i.example#x", "https://u:p@i.example", "http://127.0.0.1.evil.example"}},
	{"CLIENT_ID", "ClientID", [][2]string{{"a b+c%&ü", "a b+c%&ü"}}, []string{"a\x00b", "a\nb", "a\x7f"}},
	{"CLIENT_SECRET", "ClientSecret", [][2]string{{"%+:-_ß", "[redacted]"}}, nil},
	{"CLIENT_AUTH", "ClientAuth", [][2]string{{"client_secret_post", "client_secret_post"}}, []string{"basic", "CLIENT_SECRET_POST", "none", "private_key_jwt"}},
	{"CLIENT_KEY", "ClientKey", nil, []string{"{}"}}, // without private_key_jwt
	{"BEARER_TOKENS", "BearerTokens", [][2]string{{"introspection", "introspection"}, {"jwt", "jwt"}}, []string{"on", "JWT"}},
	{"DPOP", "DPoP", [][2]string{{"off", "off"}}, []string{"on", "allowed", "required", "OFF"}}, // without BEARER_TOKENS
	{"AUDIENCES", "Audiences", [][2]string{{"a, urn:b", "[a urn:b]"}}, []string{","}},
	{"REQUIRED_SCOPES", "RequiredScopes", [][2]string{{"a:b,c", "[a:b c]"}}, []string{`a"b`, "a b", ","}},
	{"INTROSPECTION_CACHE", "IntrospectionCache", [][2]string{{"0s", "0s"}, {"5m", "5m0s"}}, []string{"301s", "-1s", "60"}},
	{"CHECK_SESSIONS", "CheckSessions", nil, []string{"true", "yes"}}, // without BEARER_TOKENS
	{"REFRESH_SESSIONS", "RefreshSessions", [][2]string{{"true", "true"}, {"false", "false"}}, []string{"yes", "1"}},
	{"ACCESS_RULES", "AccessRules", [][2]string{{"* /admin/* role=admin; * /* any", "* /admin/* role=admin\n* /* any\n"}},
		[]string{"* /admin/* role=admin", "nonsense", "* /* any; * /x deny", "GET /x any; * /* any!"}},
	{"SCOPES", "Scopes", [][2]string{{"a:b/c", "[openid a:b/c]"}, {",", "[openid]"}}, []string{`a"b`, `a\b`, "a\tb", "ä", "a\x00"}},
	{"ZITADEL_ORG_ID", "Scopes", [][2]string{{"1", "[openid email profile urn:zitadel:iam:org:id:1]"}}, []string{"1:aud", "1 2", "1,2", `1"`, "ä"}},
	{"ZITADEL_PROJECT_ID", "ProjectID", [][2]string{{"1", "1"}}, []string{"1:aud", "1 offline_access", "1,2"}},
	{"REQUIRE_PKCE", "RequirePKCE", [][2]string{{"true", "true"}}, []string{"TRUE", "0"}},
	{"PAR", "PAR", [][2]string{{"on", "on"}, {"off", "off"}}, []string{"true", "ON", "required"}},
	{"ID_TOKEN_ALGS", "IDTokenAlgs", [][2]string{{"ES512, RS384", "[ES512 RS384]"}}, []string{"none", "HS256", "RS256,none", "rs256", ",", "RS256 ES256"}},
	{"CLOCK_SKEW", "ClockSkew", [][2]string{{"0s", "0s"}, {"60s", "1m0s"}}, []string{"61s", "-1s", "30", "1d", "abc"}},
	{"USERINFO_CLAIMS", "UserinfoClaims", [][2]string{{"none", "[]"}, {"a,b", "[a b]"}}, nil},
	{"GROUPS_CLAIM", "GroupsClaim", [][2]string{{"urn:roles", "urn:roles"}}, []string{"a\x00b"}},
	{"ROLES_CLAIM", "RolesClaim", [][2]string{{"urn:roles", "urn:roles"}}, []string{"a\x00b"}},
	{"EGRESS_HOSTS", "EgressHosts", [][2]string{{"a.example, b.example:8443, c.example:443,[::1]:90", "[a.example b.example:8443 c.example [::1]:90]"}},
		[]string{"https://a.example", "a.example/x", "*.example", "A.example", "a.example:", "a.example:x", "a.example:70000", "user@a.example", "a example", ",", "a?b", "::1", "ä.example"}},
	{"OUTBOUND_TIMEOUT", "OutboundWait", [][2]string{{"100ms", "100ms"}}, []string{"0s", "99ms", "61s", "10"}},
	{"PROXY_TARGET", "Upstream", [][2]string{{"http://a.internal/base/", "http://a.internal/base"}, {"https://a.internal", "https://a.internal"}},
		[]string{"a.internal", "ftp://a", "unix:///run/a", "http://u:p@a", "http://a?b", "http://a/%2e%2e/b", "http://a/../b", "http://a/b%2fc", "http://a//b", "http://a/b c", "https://app.example.com", "https://APP.example.com:443/sub"}},
	{"UPSTREAM_TIMEOUT", "UpstreamTimeout", [][2]string{{"1h", "1h0m0s"}}, []string{"0s", "61m", "x"}},
	{"PASS_ACCESS_TOKEN", "PassAccessToken", [][2]string{{"true", "true"}}, []string{"t"}},
	{"PASS_AUTHORIZATION", "PassAuthorization", [][2]string{{"true", "true"}}, []string{"t"}},
	{"COOKIE_SECRET", "CookieSecrets", [][2]string{{key(1) + "," + key(99), "[[redacted] [redacted]]"}, {key(1) + "=", "[[redacted]]"}},
		[]string{",", "short", key(1)[:42], key(1) + "," + key(1), key(1) + "," + key(1) + "=", key(1) + ",x", strings.Repeat("A", 43), strings.Repeat("AB", 22), "!" + key(1), "correct horse battery staple correct horse",
			strings.Join([]string{key(1), key(2), key(3), key(4), key(5), key(6), key(7), key(8), key(9), key(10), key(11)}, ",")}},
	{"COOKIE_NAME", "CookieName", [][2]string{{"a-B-9", "a-B-9"}}, []string{"__Host-a", "a_b", "a b", "a=b", "a;b", strings.Repeat("a", 33), "ä"}},
	{"SESSION_KIND", "SessionKind", [][2]string{{"idle", "idle"}, {"fixed", "fixed"}}, []string{"Idle", "forever"}},
	{"SESSION_IDLE", "SessionIdle", [][2]string{{"1m", "1m0s"}}, []string{"59s", "2161h", "337h", "12"}},
	{"SESSION_LIFETIME", "SessionMax", [][2]string{{"2160h", "2160h0m0s"}}, []string{"59s", "2161h", "14d"}},
	{"PUBLIC_PATHS", "PublicPaths", [][2]string{{"/, /robots.txt,/a/*,/u/*/x,/a/", "[/ /robots.txt /a/* /u/*/x /a/]"}},
		[]string{"robots.txt", "/*", "/*/*", "/a,/*", "/a/../b", "/a//b", "/./a", "/a*", "/**", "/a?b", "/%61", "/a b", ",", "*"}},
	{"ENCODED_SLASH_PATHS", "EncodedSlashPaths", [][2]string{{"/raw/*", "[/raw/*]"}, {"/*", "[/*]"}}, []string{"raw", "/a/..", ","}},
	{"TRUSTED_PROXIES", "TrustedProxies", [][2]string{{"10.0.0.0/8,::1, 192.0.2.7/24,fc00::/7,::ffff:10.1.2.3,::ffff:10.0.0.0/104", "[10.0.0.0/8 ::1/128 192.0.2.0/24 fc00::/7 10.1.2.3/32 10.0.0.0/8]"}},
		[]string{"0.0.0.0/0", "::/0", "10.0.0.1,0.0.0.0/0", "0.0.0.0/1,128.0.0.0/1", "::ffff:0:0/96", "::/1", "1.2.3", "10.0.0.0/33", "localhost", "10.0.0.1-10.0.0.9", "*", ","}},
	{"LOGINS_PER_MINUTE", "LoginsPerMinute", [][2]string{{"1", "1"}, {"100000", "100000"}}, []string{"0", "-1", "100001", "1e3", "ten", "9999999999999999999"}},
	{"TOKENS_PER_MINUTE", "TokensPerMinute", [][2]string{{"1", "1"}, {"100000", "100000"}}, []string{"0", "100001", "ten"}},
	{"PROVIDER_LOGOUT", "ProviderLogout", [][2]string{{"false", "false"}}, []string{"no"}},
	{"STREAM_CHECK", "StreamCheck", [][2]string{{"1s", "1s"}, {"1h", "1h0m0s"}}, []string{"0s", "999ms", "61m", "30"}},
	{"REVOKE_TOKENS", "RevokeTokens", [][2]string{{"false", "false"}}, []string{"no"}},
	{"FRONTCHANNEL_LOGOUT", "FrontchannelLogout", [][2]string{{"true", "true"}}, []string{"yes"}},
	{"LOGOUT_EVERYWHERE", "LogoutEverywhere", [][2]string{{"true", "true"}}, []string{"yes"}},
	{"BACKCHANNEL_LOGOUT", "BackchannelLogout", [][2]string{{"true", "true"}}, []string{"yes"}},
	{"HEADER_USER", "HeaderUser", [][2]string{{"remote-user", "Remote-User"}},
		[]string{"X User", "X-User:", "Host", "cookie", "Authorization", "Content_Length", "X-Forwarded-For", "x_forwarded_host", "X-Forwarded-Proto", "X-Gatehouse-Assertion", "X-Request-Id", "X-Forwarded-Email", "X_Forwarded_Groups", "---", "X-Ä"}},
	{"HEADER_EMAIL", "HeaderEmail", [][2]string{{"X-Mail", "X-Mail"}}, []string{"X-Forwarded-User", "xforwardedgroups", "Te"}},
	{"HEADER_PREFERRED_USERNAME", "HeaderPreferredUsername", [][2]string{{"X-Name", "X-Name"}}, []string{"X-Forwarded-User", "a b"}},
	{"HEADER_GROUPS", "HeaderGroups", [][2]string{{"X-G", "X-G"}}, []string{"X-Forwarded-User", "a b"}},
	{"STRIP_HEADERS", "StripHeaders", [][2]string{{"x-tenant, X-Debug", "[X-Tenant X-Debug]"}}, []string{"Host", "a b", "Cookie", "X-A,Authorization", ","}},
	{"ASSERTION_KEY", "AssertionKey", [][2]string{{"-----BEGIN PRIVATE KEY-----\nx", "[redacted]"}}, nil},
	{"BROKER_PROVIDERS", "ProviderNames", [][2]string{{"lastfm, a-1", "[lastfm a-1]"}},
		[]string{",", "A", "1a", "a,a", "a_b", "a--b", "a-", "app", "per", "ä", strings.Repeat("a", 33), strings.Repeat("a,", 2)}},
	{"OAUTH_API_KEY", "APIKey", [][2]string{{"k", "k"}}, []string{"a\x00b"}},
	{"OAUTH_API_SECRET", "APISecret", nil, []string{"s"}}, // without a provider
	{"BROKER_REDIRECTS", "Redirects", [][2]string{{"https://a.example/cb, https://a.example/cb?x=1", "[https://a.example/cb https://a.example/cb?x=1]"}},
		[]string{",", "https://a.example", "http://a.example/cb", "http://127.0.0.1/cb", "https://A.example/cb", "https://a.example/cb#", "https://a.example/*", "https://u:p@a.example/cb", "com.example:/cb",
			"https://a.example/a b", "https://a.example/" + strings.Repeat("a", 512), "javascript:alert(1)", "//a.example/cb", "https://a.example:0/cb"}},
	{"BROKER_ORIGINS", "ScriptOrigins", [][2]string{{"https://a.example/, http://localhost:5173", "[https://a.example http://localhost:5173]"}},
		[]string{"*", "null", "http://a.example", "https://a.example/x", "https://*.example", ","}},
	{"BROKER_APP_KEYS", "AppKeys", [][2]string{{"a:" + strings.Repeat("k", 20), "[{a [redacted]}]"}},
		[]string{"a", "a:short", ":" + strings.Repeat("k", 20), "A:" + strings.Repeat("k", 20), "a:" + strings.Repeat("k", 201), "a:" + strings.Repeat("k", 19) + "!",
			"a:" + strings.Repeat("k", 20) + ",a:" + strings.Repeat("l", 20), "a:" + strings.Repeat("k", 20) + ",b:" + strings.Repeat("k", 20)}},
	{"BROKER_PER_MINUTE", "BrokerPerMinute", [][2]string{{"1", "1"}}, []string{"0", "100001"}},
	{"BROKER_APP_PER_MINUTE", "AppPerMinute", [][2]string{{"1", "1"}}, []string{"0", "100001"}},
	{"BROKER_COMPATIBILITY", "Compatibility", [][2]string{{"true", "true"}}, []string{"1"}},
	{"ASSERTION_AUDIENCE", "AssertionAudience", [][2]string{{"https://aud.example", "https://aud.example"}}, []string{"a\nb"}},
}

// Durations in messages are spelled like those in the documentation.
func TestDurationsOutOfRange(t *testing.T) {
	for name, want := range map[string]string{
		"STREAM_CHECK": "must be from 1s to 1h", "SESSION_IDLE": "must be from 1m to 2160h", "CLOCK_SKEW": "must be from 0s to 1m",
		"UPSTREAM_TIMEOUT": "must be from 100ms to 1h",
	} {
		_, err := config.Load(lookup(with(name, "9999h")))
		var got config.Errors
		if !errors.As(err, &got) || len(got) != 1 || got[0].Problem != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	for bound, want := range map[time.Duration]string{90 * time.Minute: "1h30m", time.Hour + time.Second: "1h0m1s", 100 * time.Minute: "1h40m",
		10 * time.Hour: "10h", 10 * time.Minute: "10m", 90 * time.Second: "1m30s", 20 * time.Second: "20s"} {
		var d time.Duration
		if err := config.Duration(&d, bound, bound)("9999h"); err == nil || err.Error() != "must be from "+want+" to "+want {
			t.Errorf("%v: %v, want %s", bound, err, want)
		}
	}
}

func TestEveryField(t *testing.T) {
	covered := map[string]bool{}
	for _, v := range values {
		covered[v.name] = true
		t.Run(v.name, func(t *testing.T) {
			for _, good := range v.good {
				c, err := config.Load(lookup(with(v.name, good[0])))
				if err != nil {
					t.Errorf("%q: %v", good[0], err)
				} else if got := describe(c)[v.field]; got != good[1] {
					t.Errorf("%q is read as %q, want %q", good[0], got, good[1])
				}
			}
			for _, bad := range v.bad {
				got := mistakes(t, with(v.name, bad))
				if len(got) == 0 {
					t.Errorf("%q is accepted", bad)
				}
				// Of two that collide, the later one in the table is named.
				if !slices.Contains(got, v.name) && !strings.HasPrefix(v.name, "HEADER_") && v.name != "CLIENT_AUTH" {
					t.Errorf("%q: blamed on %v", bad, got)
				}
			}
		})
	}
	for _, f := range config.Fields(&config.Config{}) {
		if !covered[f.Name] {
			t.Errorf("%s has no cases", f.Name)
		}
	}
}
