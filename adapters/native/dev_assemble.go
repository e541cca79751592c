package native

import (
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"

	"gatehouse/adapters/native/demo"
	"gatehouse/adapters/native/devprovider"
	"gatehouse/core/config"
	"gatehouse/core/kv"
)

const (
	devClientID = "gatehouse-dev"
	// devBrokered is the broker's name for the provider.
	devBrokered = "dev"
	// devRecent is a page that an access rule opens to recent logins only.
	devRecent = "/account/password"
)

// chosenForDev returns the settings of the environment that [DevOptions] takes. Empty ones
// are not set.
func chosenForDev(environ []string) map[string]string {
	chosen := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if (name == "LOGOUT_EVERYWHERE" || name == "BACKCHANNEL_LOGOUT") && value != "" {
			chosen[name] = value
		}
	}
	return chosen
}

// assembleDev makes what stands at urls: the gateway, its provider and the application.
func assembleDev(urls *DevURLs, o DevOptions) (p *parts, provider, application http.Handler, err error) {
	clientSecret := cookieKey()
	settings, err := devSettings(urls, clientSecret)
	if err != nil {
		return nil, nil, nil, err
	}
	maps.Copy(settings, o.Settings)
	gateway, err := config.Load(func(name string) (string, bool) {
		value, ok := settings[name]
		return value, ok
	})
	if err != nil {
		return nil, nil, nil, err
	}
	registered := devprovider.Options{
		Issuer:                 urls.Provider,
		ClientID:               devClientID,
		ClientSecret:           clientSecret,
		RedirectURIs:           []string{urls.App + "/login/callback", urls.App + "/auth/callback/" + devBrokered},
		PostLogoutRedirectURIs: []string{urls.App + "/logout/done"},
		Log:                    o.Log,
	}
	shown := demo.Options{LogoutPath: "/logout", LogoutEverywhere: gateway.LogoutEverywhere, RecentPath: devRecent}
	if gateway.BackchannelLogout {
		if registered.BackChannelLogoutURI, err = devBackChannel(urls.App); err != nil {
			return nil, nil, nil, err
		}
		shown.ProviderURL = urls.Provider + "/"
	}
	idp, err := devprovider.New(registered)
	if err != nil {
		return nil, nil, nil, err
	}
	p, err = assemble(gateway, &kv.Memory{}, o.Log)
	return p, idp, demo.New(shown), err
}

// devSettings are those of the gateway, with keys that nobody has seen.
func devSettings(urls *DevURLs, clientSecret string) (map[string]string, error) {
	key, err := assertionKey()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"APP_URL":         urls.App,
		"DEV_MODE":        "true",
		"AUTH_SERVER_URL": urls.Provider,
		"CLIENT_ID":       devClientID,
		"CLIENT_SECRET":   clientSecret,
		"SCOPES":          "openid profile email groups",
		"PROXY_TARGET":    urls.Demo,
		"COOKIE_SECRET":   cookieKey(),
		"ASSERTION_KEY":   key,

		"LOGOUT_EVERYWHERE":  "true",
		"BACKCHANNEL_LOGOUT": "true",
		"ACCESS_RULES":       "* " + devRecent + " max-age=1m; * /* any",

		"BROKER_PROVIDERS":         devBrokered,
		"BROKER_DEV_TITLE":         "the development provider",
		"BROKER_DEV_ISSUER":        urls.Provider,
		"BROKER_DEV_CLIENT_ID":     devClientID,
		"BROKER_DEV_CLIENT_SECRET": clientSecret,
		"BROKER_DEV_SCOPES":        "openid profile email offline_access",
		"BROKER_DEV_API":           urls.Provider,
		"BROKER_DEV_CALLS":         "GET /userinfo",
	}, nil
}

// devBackChannel is where the provider reaches the gateway of app. It goes by address,
// because browsers know names below localhost that this machine's resolver may not.
func devBackChannel(app string) (string, error) {
	u, err := url.Parse(app)
	if err != nil {
		return "", err
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return "http://" + net.JoinHostPort(loopback4.String(), port) + "/logout/backchannel", nil
}
