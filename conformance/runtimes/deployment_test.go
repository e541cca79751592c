//go:build runtimes

package runtimes

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// deployment is gatehouse serve with oidc-provider and the demo application.
type deployment struct {
	provider *oidcProvider
	app      string
}

// deploy starts both; settings are added to those of a login.
func deploy(t *testing.T, settings map[string]string) *deployment {
	t.Helper()
	app := "http://localhost:" + freePort(t)
	d := &deployment{startOIDCProvider(t, app), app}
	all := map[string]string{
		"AUTH_SERVER_URL": d.provider.issuer, "CLIENT_ID": oidcClientID, "CLIENT_SECRET": oidcClientSecret, "REQUIRE_PKCE": "true",
		"PASS_ACCESS_TOKEN": "true",
	}
	maps.Copy(all, settings)
	startServe(t, app, all)
	return d
}

// answer is what an API client gets.
type answer struct {
	status    int
	challenge string // WWW-Authenticate
	header    http.Header
	code      string // of problem details
	// seen are the request's headers as the application got them, nil when it did not.
	seen http.Header
}

func (a answer) String() string { return fmt.Sprintf("%d (%s)", a.status, a.challenge) }

func readAnswer(t *testing.T, res *http.Response, body string) answer {
	t.Helper()
	a := answer{status: res.StatusCode, challenge: res.Header.Get("WWW-Authenticate"), header: res.Header}
	var said struct {
		Code    string
		Headers http.Header
	}
	if kind := res.Header.Get("Content-Type"); strings.HasSuffix(kind, "json") {
		if err := json.Unmarshal([]byte(body), &said); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
	}
	a.code, a.seen = said.Code, said.Headers
	return a
}

// call requests what the application sees, with an access token.
func (d *deployment) call(t *testing.T, token string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, d.app+"/api/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return d.send(t, r)
}

func (d *deployment) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	r.Header.Set("Accept", "application/json")
	res, body := (&visitor{t: t, client: &http.Client{Timeout: patience}}).do(r)
	return readAnswer(t, res, body)
}

// admitted fails the test unless the token opened the application as this user.
func (d *deployment) admitted(t *testing.T, what, token, user string) answer {
	t.Helper()
	a := d.call(t, token)
	if got := a.seen.Get("X-Forwarded-User"); a.status != http.StatusOK || got != user {
		t.Errorf("%s: %d %s as %q, want 200 as %q", what, a.status, a.code, got, user)
	}
	return a
}

// refused fails the test unless the answer is the expected one and the application was
// not reached.
func (d *deployment) refused(t *testing.T, what, token string, status int, challenge string) answer {
	t.Helper()
	a := d.call(t, token)
	if a.status != status || a.challenge != challenge || a.seen != nil || a.header.Get("Location") != "" {
		t.Errorf("%s: %d %s with challenge %q, want %d with %q", what, a.status, a.code, a.challenge, status, challenge)
	}
	return a
}

const invalidToken = `Bearer error="invalid_token"`

// session logs alice in by pages and returns her browser and what the application sees.
func (d *deployment) session(t *testing.T) (v *visitor, seen http.Header) {
	t.Helper()
	v = newVisitor(t)
	if at := v.logIn(d.app + "/api/echo"); at.String() != d.app+"/api/echo" {
		t.Fatalf("the login ends at %s", at)
	}
	res, body := v.send(http.MethodGet, d.app+"/api/echo", "cors", nil)
	a := readAnswer(t, res, body)
	if a.seen.Get("X-Forwarded-User") != "alice" || a.seen.Get("X-Forwarded-Access-Token") == "" {
		t.Fatalf("after the login the application sees %v", a.seen)
	}
	return v, a.seen
}

// identity are the headers that say who asks.
func identity(h http.Header) http.Header {
	found := http.Header{}
	for name, values := range h {
		if strings.HasPrefix(name, "X-Gatehouse-") || slices.Contains([]string{"X-Forwarded-User", "X-Forwarded-Email",
			"X-Forwarded-Preferred-Username", "X-Forwarded-Groups"}, name) {
			found[name] = values
		}
	}
	return found
}

func sameIdentity(t *testing.T, what string, got, want http.Header) {
	t.Helper()
	if g, w := identity(got), identity(want); len(w) < 4 || !maps.EqualFunc(g, w, slices.Equal) {
		t.Errorf("%s: the application sees\n%v\nand for a session\n%v", what, g, w)
	}
}
