//go:build runtimes

package runtimes

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gatehouse/adapters/native/demo"
	"gatehouse/adapters/native/devprovider"
	"gatehouse/conformance/redisrest"
)

// wasmtimeSite is a gateway in Wasmtime with the embedded provider and a real Redis
// server behind HTTP.
type wasmtimeSite struct {
	*serving
	compiled      string
	app, provider string
	settings      map[string]string
}

// landing is the page that [wasmtimeSite.client] ends its login at. It is empty.
const landing = "/landing"

// startWasmtimeSite runs it in front of an application.
func startWasmtimeSite(t *testing.T, application http.Handler) *wasmtimeSite {
	t.Helper()
	compiled, err := wasiGateway()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	app := "http://localhost:" + port
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != landing {
			application.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(upstream.Close)
	issuer := startProvider(t, app)
	s := &wasmtimeSite{compiled: compiled, app: app, provider: issuer}
	s.settings = map[string]string{
		"APP_URL": app, "DEV_MODE": "true", "PROXY_TARGET": upstream.URL,
		"AUTH_SERVER_URL": issuer, "CLIENT_ID": "gatehouse", "CLIENT_SECRET": "a-client-secret-0123456789",
		"COOKIE_SECRET": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"STORE_URL":     (&redisrest.Front{Token: storeToken, Commands: startRedis(t)}).Serve(t),
		"STORE_TOKEN":   storeToken,
	}
	s.restart(t)
	return s
}

// restart runs the gateway with the settings as they are now.
func (s *wasmtimeSite) restart(t *testing.T) {
	t.Helper()
	if s.serving != nil {
		s.settle(t)
		s.close()
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.app, "http://"), ":")
	serving := serveComponent(t, s.compiled, "127.0.0.1:"+port, s.settings, func(line string) {
		t.Log("the gateway logs ", line)
		for _, name := range []string{"STORE_TOKEN", "CLIENT_SECRET", "COOKIE_SECRET"} {
			if strings.Contains(line, s.settings[name]) {
				t.Errorf("the log has %s", name)
			}
		}
	})
	s.serving = serving
	t.Cleanup(func() {
		if !serving.hasEnded() {
			serving.settle(t)
		}
	})
}

// startProvider runs the embedded provider for an application's gateway.
func startProvider(t *testing.T, app string) (issuer string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer = "http://" + server.Listener.Addr().String()
	provider, err := devprovider.New(devprovider.Options{
		Issuer: issuer, ClientID: "gatehouse", ClientSecret: "a-client-secret-0123456789",
		RedirectURIs: []string{app + "/login/callback"}, PostLogoutRedirectURIs: []string{app + "/logout/done"},
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = provider
	server.Start()
	t.Cleanup(server.Close)
	return issuer
}

func (s *wasmtimeSite) client(t *testing.T) *http.Client {
	t.Helper()
	return logIn(t, s.app, landing)
}

// logIn returns a browser without pages that has logged in at the embedded provider and
// arrived at path.
func logIn(t *testing.T, app, path string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	res, err := client.Get(app + "/login/authorize?return_to=" + url.QueryEscape(path))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	form := *res.Request.URL
	res, err = client.PostForm(form.String(), url.Values{"id": {form.Query().Get("id")}, "username": {"alice"}, "password": {"password"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.String() != app+path {
		t.Fatalf("the login ends with %d at %s", res.StatusCode, res.Request.URL)
	}
	return client
}

func TestChromiumLogsInThroughWasmtime(t *testing.T) {
	s := startWasmtimeSite(t, demo.New(demo.Options{}))
	chromiumLogsIn(t, &site{
		app: s.app, provider: s.provider,
		user: "Alice Archer", email: "alice@example.com", subject: "100000000000000001",
		password: `input[name="password"]`,
		login: func(tab tab, _ bool) {
			tab.fill(`input[name="username"]`, "alice")
			tab.fill(`input[name="password"]`, "password")
			tab.click(`button[type="submit"]`)
		},
	}, true)
}
