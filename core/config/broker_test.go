package config_test

import (
	"slices"
	"strings"
	"testing"

	"gatehouse/core/config"
)

// broker is the least configuration of a broker.
func broker(changes ...string) map[string]string {
	env := map[string]string{"APP_URL": "https://app.example.com", "COOKIE_SECRET": key(1), "BROKER_PROVIDERS": "lastfm,acme-2"}
	for i := 0; i < len(changes); i += 2 {
		env[changes[i]] = changes[i+1]
	}
	return env
}

func TestJobs(t *testing.T) {
	for _, test := range []struct {
		name            string
		env             map[string]string
		gateway, broker bool
	}{
		{"gateway", valid(), true, false},
		{"broker", broker(), false, true},
		{"broker by its key", broker("BROKER_PROVIDERS", "", "OAUTH_API_KEY", "k"), false, true},
		{"both", with("BROKER_PROVIDERS", "github"), true, true},
	} {
		c := load(t, test.env)
		if c.Gateway != test.gateway || c.Broker != test.broker {
			t.Errorf("%s: gateway %v, broker %v", test.name, c.Gateway, c.Broker)
		}
	}
	if got := mistakes(t, map[string]string{}); !slices.Equal(got, []string{"APP_URL", "COOKIE_SECRET", "AUTH_SERVER_URL"}) {
		t.Errorf("nothing: %v", got)
	}
	_, err := config.Load(lookup(map[string]string{}))
	if !strings.Contains(err.Error(), "PROXY_TARGET") || !strings.Contains(err.Error(), "BROKER_PROVIDERS") {
		t.Errorf("the mistake names one way only: %v", err)
	}
	if got := mistakes(t, broker("PROXY_TARGET", "http://127.0.0.1:1")); !slices.Equal(got, []string{"AUTH_SERVER_URL", "CLIENT_ID", "CLIENT_SECRET"}) {
		t.Errorf("half a gateway: %v", got)
	}
}

func TestProviders(t *testing.T) {
	c := load(t, broker(
		"BROKER_LASTFM_CLIENT_ID", "id", "BROKER_LASTFM_CLIENT_SECRET", "s1", "BROKER_LASTFM_CALLS", "user.getInfo, track.love",
		"BROKER_ACME_2_ISSUER", "https://acme.example/", "BROKER_ACME_2_SCOPES", "a b,c a", "BROKER_ACME_2_HAND_OVER", "true"))
	lastfm, acme := c.Providers[0], c.Providers[1]
	if lastfm.Name != "lastfm" || lastfm.ClientID != "id" || lastfm.ClientSecret.Reveal() != "s1" || !slices.Equal(lastfm.Calls, []string{"user.getInfo", "track.love"}) || lastfm.HandOver {
		t.Errorf("lastfm is %+v", lastfm)
	}
	if acme.Name != "acme-2" || acme.Issuer != "https://acme.example/" || !slices.Equal(acme.Scopes, []string{"a", "b", "c"}) || !acme.HandOver {
		t.Errorf("acme is %+v", acme)
	}
	if got := c.Missing(lastfm); len(got) > 0 {
		t.Errorf("lastfm lacks %s", got)
	}
	if got := c.Missing(acme); !slices.Equal(got, []string{"BROKER_ACME_2_CLIENT_ID", "BROKER_ACME_2_CLIENT_SECRET"}) {
		t.Errorf("acme lacks %q", got)
	}
	if got := c.Warnings(); len(got) != 2 || !strings.Contains(got[0], "BROKER_ACME_2_CLIENT_ID") || !strings.Contains(got[1], "BROKER_ACME_2_CLIENT_SECRET") {
		t.Errorf("warnings %q", got)
	}
	names := map[string]bool{}
	for _, f := range config.Table(lookup(broker())) {
		names[f.Name] = true
	}
	if !names["BROKER_ACME_2_TOKEN_ENDPOINT"] || names["BROKER_GITHUB_CLIENT_ID"] || !names["APP_URL"] {
		t.Error("the table is not what the providers' names make it")
	}
}

func TestOneProvidersKey(t *testing.T) {
	for _, names := range []string{"", "github"} {
		c := load(t, broker("BROKER_PROVIDERS", names, "OAUTH_API_KEY", "k", "OAUTH_API_SECRET", "s"))
		want := names
		if want == "" {
			want = "lastfm"
		}
		if p := c.Providers[0]; len(c.Providers) != 1 || p.Name != want || p.ClientID != "k" || p.ClientSecret.Reveal() != "s" {
			t.Errorf("%q: %+v", names, c.Providers)
		}
	}
	c := load(t, broker("BROKER_PROVIDERS", "", "OAUTH_API_KEY", "k"))
	if got := c.Missing(c.Providers[0]); !slices.Equal(got, []string{"OAUTH_API_SECRET"}) {
		t.Errorf("missing is %q", got)
	}
}

func TestBrokerMistakes(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   map[string]string
		blame []string
	}{
		{"a key for two", broker("OAUTH_API_KEY", "k"), []string{"OAUTH_API_KEY"}},
		{"two keys for one", broker("BROKER_PROVIDERS", "github", "BROKER_GITHUB_CLIENT_ID", "i", "OAUTH_API_KEY", "k"), []string{"OAUTH_API_KEY"}},
		{"two secrets for one", broker("BROKER_PROVIDERS", "github", "BROKER_GITHUB_CLIENT_SECRET", "i", "OAUTH_API_SECRET", "k"), []string{"OAUTH_API_SECRET"}},
		{"redirect over http", broker("BROKER_REDIRECTS", "http://127.0.0.1:1/cb"), []string{"BROKER_REDIRECTS"}},
		{"issuer over http", broker("BROKER_ACME_2_ISSUER", "http://acme.example"), []string{"BROKER_ACME_2_ISSUER"}},
		{"all at once", broker("BROKER_ACME_2_API", "x", "BROKER_LASTFM_HAND_OVER", "yes", "BROKER_LASTFM_SCOPES", `"`, "BROKER_PER_MINUTE", "0"),
			[]string{"BROKER_PER_MINUTE", "BROKER_LASTFM_SCOPES", "BROKER_LASTFM_HAND_OVER", "BROKER_ACME_2_API"}},
	} {
		if got := mistakes(t, test.env); !slices.Equal(got, test.blame) {
			t.Errorf("%s: %v, want %v", test.name, got, test.blame)
		}
	}
	load(t, map[string]string{"APP_URL": "http://localhost:3000", "DEV_MODE": "true", "COOKIE_SECRET": key(1), "BROKER_PROVIDERS": "a", "BROKER_REDIRECTS": "http://127.0.0.1:5173/cb"})
}
