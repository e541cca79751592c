//go:build runtimes

package runtimes

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestKeycloak runs one Keycloak for everything that is tested with it.
func TestKeycloak(t *testing.T) {
	app := "http://localhost:" + freePort(t)
	began := time.Now()
	k := startKeycloak(t, app)
	t.Logf("Keycloak was ready after %.1f s", time.Since(began).Seconds())

	checking := startServe(t, app, k.settings(map[string]string{"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": "0s", "CHECK_SESSIONS": "true"}))
	t.Run("login", func(t *testing.T) { chromiumLogsIn(t, k.site(app), true) })
	t.Run("session", func(t *testing.T) { keycloakSession(t, k, app) })
	t.Run("introspection", func(t *testing.T) {
		keycloakTokens(t, k, app)
		keycloakNoAccessTokens(t, k, app)
		keycloakRevocation(t, k, app)
	})
	t.Run("introspection with a cache", func(t *testing.T) {
		const limit = 2 * time.Second
		keycloakRevocationWithin(t, k, k.serve(t, map[string]string{"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": limit.String()}), limit)
	})
	t.Run("jwt", func(t *testing.T) {
		// With the audience of the ID tokens, so that they are refused for what they are.
		app := k.serve(t, map[string]string{"BEARER_TOKENS": "jwt", "AUDIENCES": "gatehouse,console"})
		keycloakTokens(t, k, app)
		keycloakNoAccessTokens(t, k, app)
	})
	checking.stop(t)
	startServe(t, app, k.settings(map[string]string{"BACKCHANNEL_LOGOUT": "true"}))
	t.Run("back-channel logout", func(t *testing.T) {
		endsElsewhere(t, k.site(app), func(tab) { k.endSessions(t, "alice") })
	})
}

// serve starts another gateway, which nobody can log in to.
func (k *keycloak) serve(t *testing.T, more map[string]string) (app string) {
	t.Helper()
	app = "http://localhost:" + freePort(t)
	startServe(t, app, k.settings(more))
	return app
}

// keycloakSession looks at what the application sees of a session, what rules let it do,
// and that it ends with the one at Keycloak.
func keycloakSession(t *testing.T, k *keycloak, app string) {
	tab := startChromium(t, true).tab()
	tab.open(app + "/editors/")
	awaitPage(t, tab, k.issuer)
	keycloakLogin(tab, "alice")
	awaitPage(t, tab, app+"/editors/")
	awaitText(t, tab, "#user", "Alice Example")
	tab.open(app + "/api/echo")
	var seen struct{ Headers http.Header }
	if err := json.Unmarshal([]byte(tab.text("pre")), &seen); err != nil {
		t.Fatalf("/api/echo is no JSON: %v", err)
	}
	isAlice(t, k, seen.Headers)

	cookies := sessionCookies(t, tab)
	if status, _ := ask(t, app+"/machines/", "text/html", cookies...); status != http.StatusForbidden {
		t.Errorf("without the role the answer is %d, want 403", status)
	}
	if status, _ := ask(t, app+"/finance/", "text/html", cookies...); status != http.StatusOK {
		t.Errorf("with the group the answer is %d, want 200", status)
	}

	// A login that is recent, and one of a class that the realm does not have: Keycloak asks
	// for the password then, and says what it was worth.
	tab.open(app + "/recent/")
	awaitPage(t, tab, app+"/recent/")
	awaitText(t, tab, "#user", "Alice Example")
	cookies = sessionCookies(t, tab)
	tab.open(app + "/gold/")
	awaitPage(t, tab, k.issuer)
	tab.fill(`input[name="password"]`, "password")
	tab.click(`#kc-login`)
	awaitText(t, tab, "h1", "This login is not enough")
	if status, _ := ask(t, app+"/recent/", "text/html", cookies...); status != http.StatusOK {
		t.Errorf("after a login that was refused the session answers %d", status)
	}

	k.endSessions(t, "alice")
	if status, location := ask(t, app+"/editors/", "text/html", cookies...); status != http.StatusSeeOther || !strings.HasPrefix(location, "/login?") {
		t.Errorf("after the end of Keycloak's session the answer is %d to %q, want the login page", status, location)
	}
}

// keycloakTokens calls the application with good tokens.
func keycloakTokens(t *testing.T, k *keycloak, app string) {
	alice := k.forUser(t, "console", "alice").AccessToken
	bob := k.forUser(t, "console", "bob").AccessToken
	service := k.forService(t, "reports")
	for _, c := range []struct {
		name, token, path string
		want              int
	}{
		{"alice, editor", alice, "/editors/", http.StatusOK},
		{"alice, who is no machine", alice, "/machines/", http.StatusForbidden},
		{"alice, of finance", alice, "/finance/", http.StatusOK},
		{"bob, no editor", bob, "/editors/", http.StatusForbidden},
		{"bob, not of finance", bob, "/finance/", http.StatusForbidden},
		{"bob elsewhere", bob, "/", http.StatusOK},
		{"service account, machine", service, "/machines/", http.StatusOK},
		{"service account, no editor", service, "/editors/", http.StatusForbidden},
	} {
		if got := askWith(t, app+c.path, c.token); got.status != c.want {
			t.Errorf("%s: %s answers %s, want %d", c.name, c.path, got, c.want)
		}
	}

	got := askWith(t, app+"/api/echo", alice)
	if got.status != http.StatusOK {
		t.Fatalf("the answer is %s", got)
	}
	isAlice(t, k, got.seen)
	if got := askWith(t, app+"/api/echo", service).seen; got.Get("X-Gatehouse-Roles") != "machine" || got.Get("X-Forwarded-Preferred-Username") != "service-account-reports" {
		t.Errorf("of the service account the application sees %v", got)
	}
}

// keycloakNoAccessTokens calls it with what is signed by Keycloak and not for it.
func keycloakNoAccessTokens(t *testing.T, k *keycloak, app string) {
	g := k.forUser(t, "console", "alice")
	for name, token := range map[string]string{
		"access token for another audience": k.forUser(t, "stranger", "alice").AccessToken,
		"ID token":                          g.IDToken,
		"refresh token":                     g.RefreshToken,
		"access token with a changed end":   g.AccessToken[:len(g.AccessToken)-8] + "AAAAAAAA",
		"no token":                          "opaque",
	} {
		if got := askWith(t, app+"/", token); got.status != http.StatusUnauthorized || got.challenge != `Bearer error="invalid_token"` {
			t.Errorf("%s: the answer is %s, want 401 with invalid_token", name, got)
		}
	}
}

// keycloakRevocation expects that what Keycloak takes back is refused at once.
func keycloakRevocation(t *testing.T, k *keycloak, app string) {
	for _, c := range []struct {
		name string
		end  func(token string)
	}{
		{"revoked", func(token string) { k.revoke(t, "console", token) }},
		{"session ended", func(string) { k.endSessions(t, "bob") }},
		{"user disabled", func(string) { k.enable(t, "bob", false) }},
	} {
		token := k.forUser(t, "console", "bob").AccessToken
		if got := askWith(t, app+"/", token); got.status != http.StatusOK {
			t.Fatalf("%s: before it the answer is %s", c.name, got)
		}
		c.end(token)
		if got := askWith(t, app+"/", token); got.status != http.StatusUnauthorized {
			t.Errorf("%s: the answer is %s, want 401", c.name, got)
		}
	}
	k.enable(t, "bob", true)
}

// keycloakRevocationWithin expects that no request that begins later than limit after a
// revocation is let in.
func keycloakRevocationWithin(t *testing.T, k *keycloak, app string, limit time.Duration) {
	token := k.forUser(t, "console", "bob").AccessToken
	if got := askWith(t, app+"/", token); got.status != http.StatusOK {
		t.Fatalf("before the revocation the answer is %s", got)
	}
	k.revoke(t, "console", token)
	revoked := time.Now()
	if k.active(t, token) {
		t.Fatal("Keycloak itself calls a revoked token active")
	}
	accepted := 0
	until(t, "the revoked token to be refused", func() bool {
		began := time.Now()
		got := askWith(t, app+"/", token)
		switch {
		case got.status == http.StatusUnauthorized:
			return true
		case got.status != http.StatusOK:
			t.Fatalf("the answer is %s", got)
		case began.Sub(revoked) > limit:
			t.Fatalf("a token revoked %v ago is let in, with a limit of %v", began.Sub(revoked), limit)
		}
		accepted++
		return false
	}, func() string { return "it is still let in" })
	t.Logf("INTROSPECTION_CACHE=%v: refused %.2f s after the revocation, let in %d times before", limit, time.Since(revoked).Seconds(), accepted)
}

// isAlice looks at the identity headers that the application saw.
func isAlice(t *testing.T, k *keycloak, seen http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Forwarded-User":               k.userID(t, "alice"),
		"X-Forwarded-Email":              "alice@example.com",
		"X-Forwarded-Preferred-Username": "alice",
		"X-Gatehouse-Name":               "Alice Example",
		"X-Gatehouse-Email-Verified":     "true",
		"X-Gatehouse-Issuer":             k.issuer,
		"X-Gatehouse-Roles":              "editor,reader",
		"Authorization":                  "",
	} {
		if got := seen.Get(name); got != want {
			t.Errorf("the application sees %s %q, want %q", name, got, want)
		}
	}
	if got := seen.Get("X-Forwarded-Groups"); got != "finance,staff" && got != "staff,finance" {
		t.Errorf("the application sees groups %q", got)
	}
}

// askWith sends a GET with an access token.
func askWith(t *testing.T, address, token string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	res, body := (&visitor{t: t, client: &http.Client{Timeout: patience}}).do(r)
	return readAnswer(t, res, body)
}
