package native

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/conformance/rotation"
	"gatehouse/core/config"
	"gatehouse/core/kv"
)

// revoking is a provider that rotates refresh tokens, waits before each refresh, and
// tells what is revoked.
type revoking struct {
	*rotation.Provider
	begun, proceed chan struct{}
	revoked        chan string
}

func (p *revoking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/.well-known/openid-configuration":
		metadata := p.Metadata()
		metadata["revocation_endpoint"] = p.Address + "/revoke"
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(metadata)
		return
	case r.URL.Path == "/revoke":
		p.revoked <- fmt.Sprint(r.FormValue("token_type_hint"), " ", r.FormValue("token"))
		return
	case r.FormValue("grant_type") == "refresh_token":
		p.begun <- struct{}{}
		<-p.proceed
	}
	p.Provider.ServeHTTP(w, r)
}

// A logout comes while the provider is asked for new tokens: those that the session had
// are revoked, and those that arrive for nobody too.
func TestTokensOfARefreshThatALogoutOvertakesAreRevoked(t *testing.T) {
	p := &revoking{rotation.Serve(t), make(chan struct{}), make(chan struct{}), make(chan string, 8)}
	issuer := httptest.NewServer(p)
	t.Cleanup(issuer.Close)
	p.Address = issuer.URL
	application := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(application.Close)
	var gateway http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { gateway.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	app := strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	settings := map[string]string{"APP_URL": app, "DEV_MODE": "true", "PROXY_TARGET": application.URL, "COOKIE_SECRET": cookieKey()}
	maps.Copy(settings, p.Settings())
	c, err := config.Load(func(name string) (string, bool) { v, ok := settings[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	made, err := assemble(c, &kv.Memory{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.forward.Close)
	gateway = made.handler
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	send := func(method, path string) (int, error) {
		r, err := http.NewRequest(method, app+path, nil)
		if err != nil {
			return 0, err
		}
		r.Header.Set("Origin", app)
		r.Header.Set("Accept", "application/json")
		res, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		res.Body.Close()
		return res.StatusCode, nil
	}
	if _, err := send("GET", "/login/authorize?return_to=/public"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() { answered <- fmt.Sprint(send("GET", "/x")) }()
	<-p.begun
	if status, err := send("POST", "/logout"); status != http.StatusNoContent {
		t.Fatalf("logout: %d, %v", status, err)
	}
	seen := map[string]bool{}
	take := func(n int) {
		t.Helper()
		for range n {
			select {
			case token := <-p.revoked:
				if seen[token] {
					t.Errorf("revoked again: %s", token)
				}
				seen[token] = true
			case <-time.After(30 * time.Second):
				t.Fatalf("revoked only %v", seen)
			}
		}
	}
	take(2)
	close(p.proceed)
	take(2)
	if got := <-answered; got != "401 <nil>" {
		t.Errorf("the request that refreshed: %s", got)
	}
	for _, token := range p.Unused() {
		if !seen["refresh_token "+token] {
			t.Error("a refresh token is still good")
		}
	}
}
