//go:build runtimes

package runtimes

import (
	"net/http"
	"testing"
)

// The person logs out on oidc-provider's own page, which knows the gateway only by its
// back-channel address.
func TestChromiumIsLoggedOutByOIDCProvider(t *testing.T) {
	s := newOIDCProviderWith(t, map[string]string{"BACKCHANNEL_LOGOUT": "true"})
	endsElsewhere(t, s, func(tab tab) {
		tab.open(s.provider + "/session/end")
		s.confirmLogout(tab)
		awaitText(t, tab, "h1", "Sign-out Success")
	})
}

// endsElsewhere logs in, lets end finish the session at the provider without a visit to the
// gateway, and expects that the one at the gateway is over, too.
func endsElsewhere(t *testing.T, s *site, end func(another tab)) {
	t.Helper()
	b := startChromium(t, true)
	page := b.tab()
	page.open(s.app + deepLink)
	awaitPage(t, page, s.provider)
	s.login(page, true)
	awaitPage(t, page, s.app+deepLink)
	awaitText(t, page, "#user", s.user)
	cookies := sessionCookies(t, page)
	if status, _ := ask(t, s.app+deepLink, "text/html", cookies...); status != http.StatusOK {
		t.Fatalf("before the logout the session's cookies answer %d", status)
	}

	end(b.tab())
	until(t, "the session to be over",
		func() bool {
			status, _ := ask(t, s.app+"/api/whoami", "application/json", cookies...)
			return status == http.StatusUnauthorized
		},
		func() string { return "its cookies are still let in" })

	// The same browser has to show the password again.
	page.open(s.app + anotherLink)
	awaitPage(t, page, s.provider)
	page.text(s.password)
	s.login(page, true)
	awaitPage(t, page, s.app+anotherLink)
	awaitText(t, page, "#user", s.user)
}
