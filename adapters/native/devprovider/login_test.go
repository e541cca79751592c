package devprovider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoginPage(t *testing.T) {
	a := newAgent(t, start(t))
	r := a.get(a.authorize("v", url.Values{"login_hint": {`"><script>`}}).location.String())
	_, rest, _ := strings.Cut(r.body, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	policy := r.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the policy refuses the page's own style: %s", policy)
	}
	if strings.Contains(policy, "form-action") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: %s", policy)
	}
	if strings.Contains(r.body, "<script") {
		t.Error("login_hint is not escaped")
	}
	for _, want := range []string{`for="username"`, `for="password"`, `name="username"`, `name="password"`, `type="submit"`, "autofocus",
		`name="viewport"`, "prefers-color-scheme", "<code>alice</code> / <code>password</code>"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("page lacks %s", want)
		}
	}
}

func TestLoginRefused(t *testing.T) {
	a := newAgent(t, start(t))
	id := a.authorize("v", nil).location.Query().Get("id")
	form := func(id, username, password string) url.Values {
		return url.Values{"id": {id}, "username": {username}, "password": {password}}
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
		text   string
	}{
		"wrong password":     {form(id, "alice", "wrong"), http.StatusForbidden, "Wrong username or password"},
		"password missing":   {form(id, "alice", ""), http.StatusForbidden, "Wrong username or password"},
		"unknown user":       {form(id, "mallory", "password"), http.StatusForbidden, "Wrong username or password"},
		"request id missing": {form("", "alice", "password"), http.StatusBadRequest, "unknown, has expired"},
		"request id unknown": {form("nothing", "alice", "password"), http.StatusBadRequest, "unknown, has expired"},
		"body too long":      {form(id, "alice", strings.Repeat("x", maxBody)), http.StatusBadRequest, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			r := a.post("/login", c.form, false)
			if r.status != c.status || !strings.Contains(r.body, c.text) || len(r.header["Set-Cookie"]) > 0 {
				t.Errorf("status %d, cookies %v, body %s", r.status, r.header["Set-Cookie"], r.body)
			}
		})
	}
	t.Run("form sent by another site", func(t *testing.T) {
		r, _ := http.NewRequest("POST", a.issuer+"/login", strings.NewReader(form(id, "alice", "password").Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := a.do(r); got.status != http.StatusForbidden || got.location != nil {
			t.Errorf("status %d", got.status)
		}
	})
	t.Run("finished request", func(t *testing.T) {
		a.code(a.post("/login", form(id, "alice", "password"), false))
		if r := a.post("/login", form(id, "alice", "password"), false); r.status != http.StatusBadRequest {
			t.Errorf("status %d", r.status)
		}
		if r := a.get(a.issuer + "/authorize/callback?id=" + id); r.status != http.StatusNotFound {
			t.Errorf("the library's callback answers with status %d", r.status)
		}
	})
}

func TestSingleSignOn(t *testing.T) {
	a := newAgent(t, start(t))
	if r := a.get(a.authorize("v", url.Values{"prompt": {"none"}}).location.String()); r.location.Query().Get("error") != "login_required" ||
		r.location.Query().Get("state") != "the-state" {
		t.Errorf("prompt=none without a session: %v", r.location)
	}
	idToken := a.signIn("alice", nil)["id_token"].(string)
	for name, changes := range map[string]url.Values{
		"session skips the form": nil,
		"prompt none":            {"prompt": {"none"}},
		"session young enough":   {"max_age": {"600"}},
		"hint of the same user":  {"id_token_hint": {idToken}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agent{t, a.issuer, a.http}
			tokens := a.object(a.exchange(a.code(a.get(a.authorize("v", changes).location.String())), "v"))
			if a.claims(tokens["id_token"].(string))["sid"] != a.claims(idToken)["sid"] {
				t.Error("another session")
			}
		})
	}
	for name, changes := range map[string]url.Values{
		"prompt login":          {"prompt": {"login"}},
		"prompt select_account": {"prompt": {"select_account"}},
		"max_age zero":          {"max_age": {"0"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agent{t, a.issuer, a.http}
			a.code(a.login(a.authorize("v", changes), "alice", "password"))
		})
	}
	a.code(a.login(a.authorize("v", url.Values{"prompt": {"login"}}), "bob", "password"))
	t.Run("hint of another user", func(t *testing.T) {
		a := &agent{t, a.issuer, a.http}
		hint := url.Values{"id_token_hint": {idToken}}
		if r := a.login(a.authorize("v", hint), "bob", "password"); r.status != http.StatusForbidden {
			t.Errorf("bob: status %d", r.status)
		}
		a.code(a.login(a.authorize("v", hint), "alice", "password"))
	})
}

func TestSessionCookie(t *testing.T) {
	a := newAgent(t, start(t))
	r := a.login(a.authorize("v", nil), "alice", "password")
	c, err := http.ParseSetCookie(r.header.Get("Set-Cookie"))
	if err != nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v, %v", c, err)
	}
}

func TestRequestBounds(t *testing.T) {
	a := newAgent(t, start(t))
	if r := a.authorize("v", url.Values{"state": {strings.Repeat("x", maxQuery)}}); r.status != http.StatusRequestURITooLong {
		t.Errorf("long query: status %d", r.status)
	}
	r, _ := http.NewRequest("GET", a.issuer+"/authorize", nil)
	r.Host = "rebound.example.com"
	if got := a.do(r); got.status != http.StatusMisdirectedRequest {
		t.Errorf("other host: status %d", got.status)
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const issuer = "http://127.0.0.1:9"
		p, err := New(Options{Issuer: issuer, ClientID: testClient, ClientSecret: testSecret, RedirectURIs: []string{testRedirectURI}})
		if err != nil {
			t.Fatal(err)
		}
		a := newAgent(t, issuer)
		a.http.Transport = direct{p}

		late := a.authorize("v", nil)
		time.Sleep(requestLifetime)
		if r := a.get(late.location.String()); r.status != http.StatusBadRequest {
			t.Errorf("login after the request expired: status %d", r.status)
		}

		code := a.code(a.login(a.authorize("v", nil), "alice", "password"))
		time.Sleep(codeLifetime)
		if e := a.object(a.exchange(code, "v"))["error"]; e != "invalid_grant" {
			t.Errorf("expired code: %v", e)
		}

		tokens := a.object(a.exchange(a.code(a.get(a.authorize("v", nil).location.String())), "v"))
		if tokens["expires_in"] != accessTokenLifetime.Seconds() {
			t.Errorf("expires_in: %v", tokens["expires_in"])
		}
		time.Sleep(accessTokenLifetime)
		if a.introspect(tokens["access_token"].(string))["active"] != false {
			t.Error("access token does not expire")
		}
		time.Sleep(sessionLifetime)
		a.code(a.login(a.authorize("v", nil), "alice", "password")) // fails unless the form is shown
		time.Sleep(refreshTokenLifetime)
		if e := a.object(a.post("/oauth/token", url.Values{"grant_type": {"refresh_token"},
			"refresh_token": {tokens["refresh_token"].(string)}}, true))["error"]; e != "invalid_grant" {
			t.Errorf("expired refresh token: %v", e)
		}
	})
}

// direct is a transport that calls a handler.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.RequestURI, r.Host = r.URL.RequestURI(), r.URL.Host
	if r.Body == nil {
		r.Body = http.NoBody
	}
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestExpiringIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, now := newExpiring[int](2), time.Now()
		m.put("first", 1, now.Add(time.Second))
		m.put("second", 2, now.Add(time.Minute))
		m.put("third", 3, now.Add(time.Hour))
		if _, ok := m.get("first"); ok || len(m.entries) != 2 {
			t.Error("the entry that ends first must make room")
		}
		time.Sleep(time.Minute)
		m.put("fourth", 4, now.Add(2*time.Hour))
		if _, ok := m.get("third"); !ok || len(m.entries) != 2 {
			t.Error("an ended entry must make room before a live one")
		}
	})
}
