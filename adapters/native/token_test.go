package native

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gatehouse/adapters/native/demo"
	"gatehouse/adapters/native/devprovider"
	"gatehouse/core/config"
	"gatehouse/core/kv"
)

// deployment is a gateway that asks the library that ZITADEL runs on about tokens.
type deployment struct {
	app, issuer string
	tokens      Tokens
}

const (
	testClient = "client@project"
	testSecret = "a%secret+with:signs"
)

// deploy starts one that believes an answer for so long.
func deploy(t *testing.T, cache string) deployment {
	t.Helper()
	var provider, gateway http.Handler
	serve := func(h *http.Handler) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*h).ServeHTTP(w, r) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	application := httptest.NewServer(demo.New(demo.Options{}))
	t.Cleanup(application.Close)
	d := deployment{app: strings.Replace(serve(&gateway), "127.0.0.1", "localhost", 1), issuer: serve(&provider)}
	p, err := devprovider.New(devprovider.Options{Issuer: d.issuer, ClientID: testClient, ClientSecret: testSecret,
		RedirectURIs: []string{d.app + "/login/callback"}, PostLogoutRedirectURIs: []string{d.app + "/logout/done"}})
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{
		"APP_URL": d.app, "DEV_MODE": "true", "AUTH_SERVER_URL": d.issuer, "CLIENT_ID": testClient, "CLIENT_SECRET": testSecret,
		"PROXY_TARGET": application.URL, "COOKIE_SECRET": cookieKey(), "PASS_ACCESS_TOKEN": "true",
		"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": cache, "CHECK_SESSIONS": "true",
	}
	c, err := config.Load(func(name string) (string, bool) { v, ok := settings[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	made, err := assemble(c, &kv.Memory{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.forward.Close)
	provider, gateway, d.tokens = p, made.handler, made.tokens
	return d
}

// revoke ends an access token at the provider.
func (d deployment) revoke(t *testing.T, token string) {
	t.Helper()
	form := url.Values{"token": {token}, "client_id": {testClient}, "client_secret": {testSecret}}
	revoked, err := http.PostForm(d.issuer+"/revoke", form)
	if err != nil {
		t.Fatal(err)
	}
	revoked.Body.Close()
	if revoked.StatusCode != http.StatusOK {
		t.Fatalf("revoke: %s", revoked.Status)
	}
}

// echo is what the demo application says of a request.
type echo struct{ Headers map[string][]string }

// call requests the echo with an access token.
func (d deployment) call(t *testing.T, token string) (*http.Response, echo) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, d.app+"/api/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var e echo
	if res.StatusCode == http.StatusOK {
		if err := json.NewDecoder(res.Body).Decode(&e); err != nil {
			t.Fatal(err)
		}
	}
	return res, e
}

func TestAnAccessTokenOfARealProviderIsGoodUntilItIsRevoked(t *testing.T) {
	d := deploy(t, "0s")
	v := newVisitor(t)
	v.logIn(d.app+"/", "alice")
	_, body := v.send(http.MethodGet, d.app+"/api/echo", nil)
	var session echo
	if err := json.Unmarshal([]byte(body), &session); err != nil || len(session.Headers["X-Forwarded-Access-Token"]) != 1 {
		t.Fatalf("no access token in %s, error %v", body, err)
	}
	token := session.Headers["X-Forwarded-Access-Token"][0]

	res, e := d.call(t, token)
	for _, name := range []string{"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Gatehouse-Roles", "X-Gatehouse-Name"} {
		if got, want := e.Headers[name], session.Headers[name]; res.StatusCode != http.StatusOK || len(got) != 1 || got[0] != want[0] {
			t.Errorf("%s: %d, %s is %q by token and %q by session", d.app, res.StatusCode, name, got, want)
		}
	}

	d.revoke(t, token)
	if res, _ := d.call(t, token); res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
		t.Errorf("revoked token: %s, challenge %q", res.Status, res.Header.Get("WWW-Authenticate"))
	}
	// The browser's session ends with the token: its next page is the login.
	if at, _ := v.send(http.MethodGet, d.app+"/reports", nil); at.Path != "/login" {
		t.Errorf("the session goes on at %s", at)
	}
}

// An answer is believed for its time, unless an administrator has all of them cleared.
func TestAdministratorClearsAnswersAboutTokens(t *testing.T) {
	d := deploy(t, "5m")
	v := newVisitor(t)
	v.logIn(d.app+"/", "alice")
	_, body := v.send(http.MethodGet, d.app+"/api/echo", nil)
	var session echo
	if err := json.Unmarshal([]byte(body), &session); err != nil || len(session.Headers["X-Forwarded-Access-Token"]) != 1 {
		t.Fatalf("no access token in %s, error %v", body, err)
	}
	token := session.Headers["X-Forwarded-Access-Token"][0]
	d.revoke(t, token)
	if res, _ := d.call(t, token); res.StatusCode != http.StatusOK {
		t.Fatalf("revoked a moment ago: %s", res.Status)
	}
	socket := startAdminOf(t, &shelf{}, d.tokens)
	if code, out, errs := runMain("tokens", "clear", "--socket", socket); code != 0 || out != "cleared 1\n" {
		t.Fatalf("exit %d, %q, %s", code, out, errs)
	}
	if res, _ := d.call(t, token); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after clearing: %s", res.Status)
	}
}
