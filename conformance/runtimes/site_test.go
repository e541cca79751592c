//go:build runtimes

package runtimes

import (
	"maps"
	"testing"
)

// site is a gateway with a provider and the demo application, and what a person does
// on that provider's pages.
type site struct {
	app      string
	provider string
	user     string // as the application shows it
	email    string
	subject  string // empty: any
	// foreign: the provider's pages are not ours, so that the browser may complain
	// about them.
	foreign bool
	// password is an element of the provider's login page only.
	password string
	// login fills in and leaves the provider's login page; first is true when the
	// browser has no session at the provider.
	login func(tab tab, first bool)
	// confirmLogout leaves the provider's logout page; nil: it has none.
	confirmLogout func(tab tab)
	// cancel gives up on the login page; nil: the provider has no way.
	cancel func(tab tab)
}

// newEmbedded is what gatehouse dev starts.
func newEmbedded(t *testing.T) *site {
	t.Helper()
	_, app, provider := startDev(t)
	return &site{
		app: app, provider: provider,
		user: "Alice Archer", email: "alice@example.com", subject: "100000000000000001",
		password: `input[name="password"]`,
		login:    embeddedLogin,
	}
}

func embeddedLogin(tab tab, _ bool) {
	tab.fill(`input[name="username"]`, "alice")
	tab.fill(`input[name="password"]`, "password")
	tab.click(`button[type="submit"]`)
}

// newOIDCProvider is gatehouse serve with the npm package oidc-provider.
func newOIDCProvider(t *testing.T) *site {
	t.Helper()
	return newOIDCProviderWith(t, nil)
}

// newOIDCProviderWith is the same with more settings.
func newOIDCProviderWith(t *testing.T, more map[string]string) *site {
	t.Helper()
	app := "http://localhost:" + freePort(t)
	issuer := startOIDCProvider(t, app).issuer
	settings := map[string]string{
		"AUTH_SERVER_URL": issuer,
		"CLIENT_ID":       oidcClientID,
		"CLIENT_SECRET":   oidcClientSecret,
		"REQUIRE_PKCE":    "true",
	}
	maps.Copy(settings, more)
	startServe(t, app, settings)
	return &site{
		app: app, provider: issuer, foreign: true,
		user: "Alice Example", email: "alice@example.com", subject: "alice",
		password: `input[name="password"]`,
		login:    func(tab tab, first bool) { oidcProviderLogin(t, tab, first) },
		confirmLogout: func(tab tab) {
			awaitText(t, tab, "h1", "Do you want to sign-out")
			tab.click(`button[value="yes"]`)
		},
		cancel: func(tab tab) { tab.click(`.login-help a`) },
	}
}

// oidcProviderLogin fills in and leaves the pages of oidc-provider.
func oidcProviderLogin(t *testing.T, tab tab, first bool) {
	t.Helper()
	tab.fill(`input[name="login"]`, "alice")
	tab.fill(`input[name="password"]`, "password")
	tab.click(`button[type="submit"]`)
	if first {
		awaitText(t, tab, "button", "Continue")
		tab.click(`button[type="submit"]`)
	}
}
