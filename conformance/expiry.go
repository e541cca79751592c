package conformance

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"gatehouse/conformance/rotation"
)

// TestExpiry lets requests that come at once find the access token of their session
// expired, at a provider that ends a grant whose refresh token is used twice: the token
// is redeemed once, every request reaches the application with the one new access token,
// and the session goes on. It does so for as many sessions, one after the other.
func TestExpiry(t *testing.T, target Target, sessions, requests int) {
	provider := rotation.New(t)
	clock := newClock(target)
	provider.Now = clock.Now
	e := &expiry{provider: provider}
	issuer, upstream, app := "https://issuer.example", "http://upstream.internal", "https://app.example.com"
	if a, ok := target.(Addresser); ok {
		i, u := a.Addresses(t, e)
		issuer, upstream = cmp.Or(i, issuer), cmp.Or(u, upstream)
	}
	provider.Address, e.issuer = issuer, mustHost(t, issuer)
	settings := provider.Settings()
	settings["APP_URL"], settings["PROXY_TARGET"] = app, upstream
	settings["COOKIE_SECRET"] = base64.RawURLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())[:32])
	beneath := newStore(clock.Now)
	recorder := &recorder{violation: t.Errorf, secrets: &canary{secrets: map[string]watched{}}, beneath: beneath, counts: map[string]int{}}
	recorder.use(profiles["strong"](beneath, clock.advance))
	instance := target.Start(t, World{
		Config: settings, KV: recorder.store(), Network: e, Now: clock.Now, Elapse: clock.advance,
		Log: slog.New(slog.DiscardHandler),
	})
	defer instance.Close()
	e.gateway = instance
	for n := 1; n <= sessions && !t.Failed(); n++ {
		e.session(t, app, n, requests)
	}
}

func mustHost(t testing.TB, origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// expiry is the world of TestExpiry: the provider, and an application that answers with
// the access token it gets.
type expiry struct {
	provider *rotation.Provider
	issuer   string // its host
	gateway  Instance
}

// RoundTrip is what the gateway asks.
func (e *expiry) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.URL.Host != e.issuer {
		rotation.Application(w, r)
		return w.Result(), nil
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	e.provider.ServeHTTP(w, r)
	return w.Result(), nil
}

// browser is what a client asks: the gateway, or the provider.
type browser struct{ *expiry }

func (b browser) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == b.issuer {
		return b.expiry.RoundTrip(r)
	}
	r.RequestURI, r.Host, r.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "198.51.100.1:40000"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return b.gateway.RoundTrip(r)
}

// session is the n-th one.
func (e *expiry) session(t *testing.T, app string, n, requests int) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: browser{e}}
	get := func(path string) (string, error) {
		res, err := client.Get(app + path)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", path, res.Status)
		}
		return string(body), err
	}
	if _, err := get("/login/authorize?return_to=/public"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	tokens := make([]string, requests)
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = get("/x"); err != nil {
				t.Errorf("session %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	if got, want := e.provider.Counts(), (rotation.Counts{Logins: n, Redeemed: n}); got != want {
		t.Fatalf("session %d: the provider counts %+v", n, got)
	}
	later, err := get("/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if token == "" || token != later || !e.provider.Live(token) {
			t.Fatalf("session %d: an answer with the access token %q, later %q", n, token, later)
		}
	}
}
