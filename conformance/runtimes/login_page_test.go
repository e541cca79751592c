//go:build runtimes

package runtimes

import (
	"crypto/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gatehouse/adapters/native/devprovider"
)

// A page without a server of its own logs in through a broker by the two scripts of the
// guide, and calls the provider.
func TestChromiumLogsAPageIn(t *testing.T) {
	begin, done := guideScripts(t)
	page := http.NewServeMux()
	site := httptest.NewServer(page)
	t.Cleanup(site.Close)
	app, provider := startBroker(t, map[string]string{"BROKER_REDIRECTS": site.URL + "/done", "BROKER_ORIGINS": site.URL})
	adapt := strings.NewReplacer("https://broker.example.com", app, "https://app.example.com", site.URL,
		"spotify/v1/me", "acme/userinfo", `"spotify"`, `"acme"`)
	serve := func(path, script string) {
		page.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(`<!doctype html><title>Page</title><p id="out">working</p><script type="module">
const out = document.getElementById("out");
try {
` + adapt.Replace(script) + `
} catch (e) { out.textContent = "failed: " + e; }
</script>`))
		})
	}
	serve("/{$}", begin)
	serve("/done", done+`
out.textContent = session.username + ", " + (await me.json()).email + ", " + location.search.includes(session.handle);`)

	b := startChromium(t, true)
	tab := b.newTab()
	tab.open(site.URL + "/")
	atProvider(t, tab, provider)
	awaitText(t, tab, "#out", ", ")
	if got := tab.text("#out"); got != "alice, alice@example.com, false" {
		t.Errorf("the page shows %q", got)
	}
	for _, c := range b.complaints("") {
		if !strings.Contains(c, "favicon") {
			t.Error("the browser's log has an entry: ", c)
		}
	}

	// The same page again, after the login was collected.
	tab.open(site.URL + "/done?code=AAAA&state=x")
	awaitText(t, tab, "#out", "failed: ")
}

var scripts = regexp.MustCompile("(?s)```js\n(.*?)```")

// guideScripts are those of the guide's part about pages.
func guideScripts(t *testing.T) (begin, done string) {
	t.Helper()
	top, err := topDirectory()
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(filepath.Join(top, "docs", "broker.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := scripts.FindAllStringSubmatch(string(guide), -1)
	if len(found) != 2 {
		t.Fatalf("the guide has %d scripts, want 2", len(found))
	}
	return found[0][1], found[1][1]
}

// startBroker runs gatehouse serve as nothing but a broker, for the one provider acme,
// which is the embedded one, and returns where both are.
func startBroker(t *testing.T, settings map[string]string) (app, provider string) {
	t.Helper()
	port := freePort(t)
	app = "http://localhost:" + port
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	provider = "http://" + l.Addr().String()
	secret := rand.Text()
	handler, err := devprovider.New(devprovider.Options{Issuer: provider, ClientID: "broker", ClientSecret: secret, RedirectURIs: []string{app + "/auth/callback/acme"}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	all := map[string]string{
		"APP_URL": app, "DEV_MODE": "true", "COOKIE_SECRET": rand.Text() + rand.Text(), "LISTEN_ADDR": "127.0.0.1:" + port, "STORE": "memory",
		"BROKER_PROVIDERS": "acme", "BROKER_ACME_ISSUER": provider, "BROKER_ACME_CLIENT_ID": "broker", "BROKER_ACME_CLIENT_SECRET": secret,
		"BROKER_ACME_SCOPES": "openid profile email offline_access", "BROKER_ACME_API": provider, "BROKER_ACME_CALLS": "GET /userinfo",
	}
	for name, value := range settings {
		all[name] = value
	}
	broker := start(t, "gatehouse serve", gatehouse(t, []string{"serve"}, all))
	awaitReady(t, broker, app)
	t.Cleanup(func() {
		if strings.Contains(broker.printed(), secret) {
			t.Error("the broker printed the client secret")
		}
	})
	return app, provider
}
