package config_test

import (
	"slices"
	"strings"
	"testing"

	"gatehouse/core/config"
)

// knownWith is the names of every setting there is with providers, and those of files with
// secrets.
func knownWith(t *testing.T, providers ...string) (known []string) {
	t.Helper()
	for _, f := range config.Table(lookup(map[string]string{"BROKER_PROVIDERS": strings.Join(providers, ",")})) {
		if known = append(known, f.Name); f.Secret {
			known = append(known, f.Name+"_FILE")
		}
	}
	return known
}

func TestUnknownSettingsOfTheBroker(t *testing.T) {
	const see = "see docs/configuration.md for the settings of a provider"
	providers := []string{"spotify", "acme-2"}
	known := knownWith(t, providers...)
	for name, hint := range map[string]string{
		// of a provider that there is
		"BROKER_SPOTIFY_CLIENT_IDD":         "did you mean BROKER_SPOTIFY_CLIENT_ID?",
		"BROKER_SPOTIFY_ALOWED_SCOPES":      "did you mean BROKER_SPOTIFY_ALLOWED_SCOPES?",
		"BROKER_SPOTIFY_CLIENT_SECRET_FLIE": "did you mean BROKER_SPOTIFY_CLIENT_SECRET_FILE?",
		"BROKER_ACME_2_ISUER":               "did you mean BROKER_ACME_2_ISSUER?",
		"BROKER_SPOTIFY_TELEPHONE":          see,
		"BROKER_SPOTIFY_FOO":                see,
		"BROKER_SPOTIFY_":                   see,

		// of one that there is not
		"BROKER_SPOTFY_CLIENT_ID":          "spotfy is not in BROKER_PROVIDERS; did you mean BROKER_SPOTIFY_CLIENT_ID?",
		"BROKER_SPOTFY_ALLOWED_SCOPES":     "spotfy is not in BROKER_PROVIDERS; did you mean BROKER_SPOTIFY_ALLOWED_SCOPES?",
		"BROKER_SPOTFY_CLIENT_SECRET_FILE": "spotfy is not in BROKER_PROVIDERS; did you mean BROKER_SPOTIFY_CLIENT_SECRET_FILE?",
		"BROKER_ACME_3_API":                "acme-3 is not in BROKER_PROVIDERS; did you mean BROKER_ACME_2_API?",
		"BROKER_GITHUB_CLIENT_ID":          "github is not in BROKER_PROVIDERS; add it there, or remove the setting",
		"BROKER_AN_IDP_TOKEN_ENDPOINT":     "an-idp is not in BROKER_PROVIDERS; add it there, or remove the setting",

		// of none
		"BROKER_CLIENT_ID":          "did you mean BROKER_SPOTIFY_CLIENT_ID?",
		"BROKER_CLIENT_SECRET_FILE": "did you mean BROKER_SPOTIFY_CLIENT_SECRET_FILE?",

		// of the broker itself, and with two mistakes
		"BROKER_PROVIDER":          "did you mean BROKER_PROVIDERS?",
		"BROKER_REDIRECT_URIS":     "did you mean BROKER_REDIRECTS?",
		"BROKER_APP_KEY_FILE":      "did you mean BROKER_APP_KEYS_FILE?",
		"BROKER_SPOTFY_CLIENT_IDD": "did you mean BROKER_SPOTIFY_CLIENT_ID?",
	} {
		e := config.Unknown(name, known, providers)
		if e == nil || e.Name != name || e.Problem != "unknown setting" || e.Hint != hint {
			t.Errorf("%s: %+v, want the hint %q", name, e, hint)
		}
	}
}

func TestUnknownNamesOfOthers(t *testing.T) {
	for _, providers := range [][]string{nil, {"spotify", "service", "port"}} {
		known := knownWith(t, providers...)
		for _, name := range []string{
			"", "PATH", "CLIENT_IDD", "COOKIE_SECERT", "SPOTIFY_CLIENT_ID", "broker_spotify_client_id", "THE_BROKER_SPOTFY_CLIENT_ID",
			"BROKER", "BROKER_", "BROKER_URL", "BROKER_HOST", "BROKER_USERNAME", "BROKER_PASSWORD", "BROKER_TIMEOUT",
			// what Kubernetes sets for services called broker, broker-api and broker-spotify
			"BROKER_SERVICE_HOST", "BROKER_SERVICE_PORT", "BROKER_SERVICE_PORT_API", "BROKER_PORT", "BROKER_PORT_80_TCP",
			"BROKER_PORT_80_TCP_ADDR", "BROKER_PORT_80_TCP_PORT", "BROKER_PORT_80_TCP_PROTO", "BROKER_API_SERVICE_HOST",
			"BROKER_API_PORT", "BROKER_SPOTIFY_SERVICE_HOST", "BROKER_SPOTIFY_SERVICE_PORT_HTTPS", "BROKER_SPOTIFY_PORT_443_TCP_ADDR",
			// nothing that a provider could be called, and nothing that a setting could be
			"BROKER_1_API", "BROKER_A__B_API", "BROKER_SPOTFY_client_id", "BROKER_SPOTFY-CLIENT_ID", "BROKER_SPOTIFY_\x1b[2J",
			"BROKER_SPOTIFY_" + strings.Repeat("A", 64),
		} {
			if e := config.Unknown(name, known, providers); e != nil {
				t.Errorf("%q with %v: %v (%s)", name, providers, e, e.Hint)
			}
		}
	}
}

// Without providers there is still the mistake of not naming one.
func TestUnknownWithoutProviders(t *testing.T) {
	known := knownWith(t)
	for name, want := range map[string]string{
		"BROKER_SPOTIFY_CLIENT_ID": "spotify is not in BROKER_PROVIDERS; add it there, or remove the setting",
		"BROKER_PROVIDRES":         "did you mean BROKER_PROVIDERS?",
		"BROKER_CLIENT_ID":         "",
	} {
		got := ""
		if e := config.Unknown(name, known, nil); e != nil {
			got = e.Hint
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestProviderNames(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   map[string]string
		want  []string
		wrong bool
	}{
		{"none", nil, nil, false},
		{"named", map[string]string{"BROKER_PROVIDERS": " github, acme-2 ", "OAUTH_API_KEY": "k"}, []string{"github", "acme-2"}, false},
		{"by its key", map[string]string{"BROKER_PROVIDERS": " ", "OAUTH_API_KEY": "k"}, []string{"lastfm"}, false},
		{"wrong", map[string]string{"BROKER_PROVIDERS": "github,Acme", "OAUTH_API_KEY": "k"}, nil, true},
	} {
		got, err := config.Providers(lookup(test.env))
		if !slices.Equal(got, test.want) || (err != nil) != test.wrong {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
	table := config.Table(lookup(map[string]string{"OAUTH_API_KEY": "k"}))
	if !slices.ContainsFunc(table, func(f config.Field) bool { return f.Name == "BROKER_LASTFM_DESKTOP" }) {
		t.Error("the table lacks the provider that OAUTH_API_KEY is for")
	}
}

func TestNearest(t *testing.T) {
	for _, test := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"abcdef", nil, ""},
		{"abcdef", []string{"xyz", "abcdfe"}, "abcdfe"},
		{"abcdef", []string{"abcdez", "abcdex", "abcdey"}, "abcdex"},
		{"abcdef", []string{"abcxyf", "abcdef"}, "abcdef"},
		{"abcdef", []string{"abcxyz"}, ""},
		{"ab", []string{"aa", "ac"}, ""},
	} {
		if got := config.Nearest(test.name, test.candidates); got != test.want {
			t.Errorf("%s among %v: %q, want %q", test.name, test.candidates, got, test.want)
		}
	}
}
