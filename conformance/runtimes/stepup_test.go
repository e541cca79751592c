//go:build runtimes

package runtimes

import (
	"net/http"
	"strings"
	"testing"
)

// TestOIDCProviderPushedAndSteppedUp logs in at a provider that accepts pushed requests only,
// and meets rules that demand more of a login than its first one had.
func TestOIDCProviderPushedAndSteppedUp(t *testing.T) {
	app := "http://localhost:" + freePort(t)
	p := startOIDCProviderAt(t, app, "/login/callback", "PAR=required")
	startServe(t, app, map[string]string{
		"AUTH_SERVER_URL": p.issuer, "CLIENT_ID": oidcClientID, "CLIENT_SECRET": oidcClientSecret,
		"ACCESS_RULES": "* /recent/* max-age=10m; * /gold/* acr=gold; * /* any",
	})
	v := newVisitor(t)
	if at := v.logIn(app + deepLink); at.String() != app+deepLink {
		t.Fatalf("the login ended at %s", at)
	}
	p.line(t, "pushed undefined")
	// The first ID token has no auth_time, since nobody asked for it.
	if res, body := v.send(http.MethodGet, app+"/recent/x", "cors", nil); res.StatusCode != http.StatusUnauthorized ||
		res.Header.Get("WWW-Authenticate") != `Bearer error="insufficient_user_authentication", max_age="600"` {
		t.Errorf("a script gets %s\n%s", res.Status, body)
	}
	if at := v.logIn(app + "/recent/x"); at.String() != app+"/recent/x" {
		t.Errorf("the second login ended at %s", at)
	}
	p.line(t, "pushed 600")
	// oidc-provider takes acr_values as a wish and says no acr.
	if at, status, body := v.follow(app + "/gold/x"); status != http.StatusForbidden || !strings.Contains(body, "This login is not enough") {
		t.Errorf("%s answers %d\n%s", at, status, body)
	}
	if at := v.logIn(app + "/recent/y"); at.String() != app+"/recent/y" {
		t.Errorf("after a login that was refused the session is gone: %s", at)
	}
}
