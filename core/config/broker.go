package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

// AppKey is a key that an application shows with what it asks the broker for.
type AppKey struct {
	Name string
	Key  secret.Text
}

// brokerFields are the broker's settings but for those of each provider; parsing them
// fills c.
func brokerFields(c *Config) []Field {
	return []Field{
		{Name: "BROKER_PROVIDERS", Section: SectionBroker,
			Doc:  "Providers that programs may log in with, comma separated: lastfm, spotify, github and google are known; any other name is a provider that its settings describe. It switches the broker on.",
			Hint: "names of lower-case letters, digits and dashes, for example BROKER_PROVIDERS=lastfm,github",
			Set:  providerNames(&c.ProviderNames)},
		{Name: "OAUTH_API_KEY", Section: SectionBroker,
			Doc: "The client id when there is one provider; without BROKER_PROVIDERS that is lastfm.",
			Set: text(&c.APIKey)},
		{Name: "OAUTH_API_SECRET", Secret: true, Section: SectionBroker,
			Doc: "The client secret that belongs to OAUTH_API_KEY.",
			Set: secretText(&c.APISecret)},
		{Name: "BROKER_REDIRECTS", Section: SectionBroker,
			Doc:  "Redirect URIs of browser applications, comma separated; each is compared as a whole. Programs on the person's machine need none: http://127.0.0.1:PORT/callback and http://[::1]:PORT/callback are always accepted.",
			Hint: "https URLs without fragment, for example https://player.example.com/callback",
			Set:  redirects(&c.Redirects)},
		{Name: "BROKER_ORIGINS", Section: SectionBroker,
			Doc:  "Origins whose scripts may ask the broker (CORS), comma separated.",
			Hint: "origins like https://player.example.com",
			Set:  scriptOrigins(&c.ScriptOrigins)},
		{Name: "BROKER_APP_KEYS", Secret: true, Section: SectionBroker,
			Doc:  "Keys of applications as NAME:KEY, comma separated. When set, every start and call needs one in X-App-Key.",
			Hint: "a name, a colon and at least 20 letters, digits, dashes or underscores",
			Set:  appKeys(&c.AppKeys)},
		{Name: "BROKER_PER_MINUTE", Default: "60", Section: SectionBroker,
			Doc:  "Requests to the broker that one client address may make in a minute.",
			Hint: "a number from 1 to 100000",
			Set:  integer(&c.BrokerPerMinute, 1, 100000)},
		{Name: "BROKER_APP_PER_MINUTE", Default: "600", Section: SectionBroker,
			Doc:  "Requests to the broker that may be made with one application's key in a minute.",
			Hint: "a number from 1 to 100000",
			Set:  integer(&c.AppPerMinute, 1, 100000)},
		{Name: "BROKER_COMPATIBILITY", Default: "false", Section: SectionBroker,
			Doc: "Accept logins without code_challenge, and tokens in the query of /auth/getSession. Whoever sees such an address can collect the session.",
			Set: boolean(&c.Compatibility)},
	}
}

// ProviderFields are the settings of the provider called name; parsing them fills s.
func ProviderFields(s *provider.Settings, name string) []Field {
	s.Name = name
	prefix := ProviderPrefix(name)
	fields := []Field{
		{Name: "CLIENT_ID", Doc: "The client id or API key that the provider issued; public.",
			Hint: "register an application at the provider and copy its id", Set: text(&s.ClientID)},
		{Name: "CLIENT_SECRET", Secret: true, Doc: "The client secret or shared secret that the provider issued.",
			Hint: "copy it from the application at the provider", Set: secretText(&s.ClientSecret)},
		{Name: "CLIENT_AUTH", Doc: "How the broker authenticates at the token endpoint: client_secret_basic, client_secret_post or none.",
			Set: OneOf(&s.ClientAuth, "client_secret_basic", "client_secret_post", "none")},
		{Name: "TITLE", Doc: "What people call the provider.",
			Set: text(&s.Title)},
		{Name: "SCOPES", Doc: "Scopes that are asked for when a program names none, separated by spaces or commas.",
			Hint: "scope names are printable ASCII without quotes or backslashes", Set: scopeList(&s.Scopes)},
		{Name: "ALLOWED_SCOPES", Doc: "Scopes that programs may ask for; those of SCOPES unless set.",
			Hint: "scope names are printable ASCII without quotes or backslashes", Set: scopeList(&s.AllowedScopes)},
		{Name: "CALLS", Doc: "Calls of the provider's API that programs may make, comma separated: GET /v1/me, PUT /v1/me/player/*; for Last.fm names of methods. none allows none.",
			Set: list(&s.Calls)},
		{Name: "HAND_OVER", Doc: "Give programs the provider's own token, with which they can do without the broker whatever it allows. Default false.",
			Set: boolean(&s.HandOver)},
		{Name: "DESKTOP", Doc: "Allow the flow desktop, where the provider has it (Last.fm). Nothing binds it to a person: who sends somebody the provider's address, and is believed, gets the session. Default false.",
			Set: boolean(&s.Desktop)},
		{Name: "ISSUER", Doc: "The issuer of an OpenID provider, which gives the endpoints.",
			Hint: "for example https://login.example.com", Set: endpointText(&s.Issuer)},
		{Name: "AUTHORIZATION_ENDPOINT", Doc: "Where the person's browser is sent.",
			Hint: "an https URL", Set: endpointText(&s.AuthorizationEndpoint)},
		{Name: "TOKEN_ENDPOINT", Doc: "Where codes are exchanged.",
			Hint: "an https URL", Set: endpointText(&s.TokenEndpoint)},
		{Name: "USERINFO_ENDPOINT", Doc: "Where the person's name is asked for.",
			Hint: "an https URL", Set: endpointText(&s.UserinfoEndpoint)},
		{Name: "REVOCATION_ENDPOINT", Doc: "Where tokens are revoked (RFC 7009).",
			Hint: "an https URL", Set: endpointText(&s.RevocationEndpoint)},
		{Name: "API", Doc: "The address that paths of calls are relative to.",
			Hint: "an https URL", Set: endpointText(&s.API)},
	}
	for i := range fields {
		fields[i].Name = prefix + fields[i].Name
		fields[i].Section = SectionBrokerProvider
	}
	return fields
}

// ProviderPrefix is what the names of a provider's settings begin with.
func ProviderPrefix(name string) string {
	return brokerPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_"
}

// maxProviders bounds the providers of one deployment.
const maxProviders = 20

// reservedPrefixes would make settings of a provider look like the broker's own.
var reservedPrefixes = []string{"BROKER_APP_", "BROKER_PER_"}

func providerNames(dst *[]string) func(string) error {
	return func(v string) error {
		*dst = nil
		prefixes := map[string]bool{}
		err := each(v, func(item string) error {
			if len(item) > 32 || item[0] < 'a' || item[0] > 'z' || strings.Trim(item, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" ||
				strings.HasSuffix(item, "-") || strings.Contains(item, "--") {
				return errors.New("is not a name of lower-case letters, digits and single dashes")
			}
			prefix := ProviderPrefix(item)
			if prefixes[prefix] {
				return errors.New("stands there twice")
			}
			if slices.Contains(reservedPrefixes, prefix) {
				return errors.New("is taken by the broker's own settings")
			}
			prefixes[prefix] = true
			*dst = append(*dst, item)
			return nil
		})
		if err == nil && len(*dst) > maxProviders {
			err = fmt.Errorf("has more than %d entries", maxProviders)
		}
		if err != nil {
			*dst = nil
		}
		return err
	}
}

// scopeList reads scopes separated by spaces or commas.
func scopeList(dst *[]string) func(string) error {
	return func(v string) error {
		*dst = nil
		for i, s := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !scopeToken(s) {
				return fmt.Errorf("entry %d is not a scope", i+1)
			}
			if !slices.Contains(*dst, s) {
				*dst = append(*dst, s)
			}
		}
		return nil
	}
}

// endpointText is [Endpoint] that keeps the text as it is configured.
func endpointText(dst *string) func(string) error {
	return func(v string) error {
		u, err := webURL(v)
		if err != nil {
			return err
		}
		if err := secure(u); err != nil {
			return err
		}
		*dst = v
		return nil
	}
}

// redirects reads redirect URIs (RFC 9700, section 2.1): they are compared as texts, so
// that only texts are taken that mean one thing.
func redirects(dst *[]string) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			u, err := url.Parse(item)
			switch {
			case err != nil || len(item) > 512:
				return errors.New("is not a URL of at most 512 bytes")
			case strings.Contains(item, "#"):
				return errors.New("must not have a fragment")
			case u.User != nil:
				return errors.New("must not contain a user name or password")
			case secure(u) != nil:
				return secure(u)
			case u.Hostname() == "" || !validHost(u) || u.Host != strings.ToLower(u.Host) || u.Path == "" || u.String() != item:
				return errors.New("is not a normalised URL with a lower-case host and a path")
			case strings.Contains(item, "*"):
				return errors.New("has a wildcard; redirect URIs are compared as a whole")
			}
			*dst = append(*dst, item)
			return nil
		})
	}
}

func scriptOrigins(dst *[]string) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			u, err := parseOrigin(item)
			if err != nil {
				return err
			}
			if err := secure(u); err != nil {
				return err
			}
			*dst = append(*dst, u.String())
			return nil
		})
	}
}

func appKeys(dst *[]AppKey) func(string) error {
	return func(v string) error {
		return each(v, func(item string) error {
			name, key, ok := strings.Cut(item, ":")
			if !ok || name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
				return errors.New("is not NAME:KEY with a name of lower-case letters, digits and dashes")
			}
			if len(key) < 20 || len(key) > 200 || strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				return errors.New("has a key that is not 20 to 200 letters, digits, dashes and underscores")
			}
			for _, other := range *dst {
				if other.Name == name || other.Key.Reveal() == key {
					return errors.New("has the name or the key of another")
				}
			}
			*dst = append(*dst, AppKey{name, secret.New(key)})
			return nil
		})
	}
}
