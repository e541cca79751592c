package devprovider

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestCodeFlow(t *testing.T) {
	issuer := start(t)
	a := newAgent(t, issuer)

	discovery := a.object(a.get(issuer + "/.well-known/openid-configuration"))
	if discovery["issuer"] != issuer || !reflect.DeepEqual(discovery["code_challenge_methods_supported"], []any{"S256"}) {
		t.Errorf("discovery: %v", discovery)
	}
	keys := a.object(a.get(discovery["jwks_uri"].(string)))["keys"].([]any)
	if key := keys[0].(map[string]any); len(keys) != 1 || key["alg"] != "RS256" || key["d"] != nil {
		t.Errorf("keys: %v", keys)
	}

	tokens := a.signIn("alice", nil)
	if tokens["token_type"] != "Bearer" || tokens["scope"] != testScope || tokens["refresh_token"] == nil {
		t.Errorf("token response: %v", tokens)
	}
	access, idToken := tokens["access_token"].(string), tokens["id_token"].(string)

	id := a.claims(idToken)
	if id["iss"] != issuer || id["sub"] != "100000000000000001" || id["nonce"] != "the-nonce" ||
		id["azp"] != testClient || id["sid"] == nil || id["at_hash"] == nil {
		t.Errorf("ID token: %v", id)
	}
	for _, name := range []string{"email", "name", "preferred_username", claimGroups, claimProjectRoles} {
		if id[name] != nil {
			t.Errorf("ID token has %s, which belongs to userinfo", name)
		}
	}

	roles := map[string]any{"admin": map[string]any{organisationID: organisationDomain}}
	info := a.object(a.userinfo(access))
	want := map[string]any{
		"sub": "100000000000000001", "preferred_username": "alice", "name": "Alice Archer", "given_name": "Alice",
		"family_name": "Archer", "email": "alice@example.com", "email_verified": true, "locale": "en",
		claimGroups: []any{"admin"}, claimProjectRoles: roles,
	}
	if !reflect.DeepEqual(info, want) {
		t.Errorf("userinfo:\n got %v\nwant %v", info, want)
	}

	state := a.introspect(access)
	if state["active"] != true || state["sub"] != info["sub"] || state["username"] != "alice" || state["client_id"] != testClient ||
		state["scope"] != testScope || state["iss"] != issuer || state["exp"] == nil || state["token_type"] != "Bearer" {
		t.Errorf("introspection: %v", state)
	}

	end := a.get(issuer + "/end_session?" + url.Values{"id_token_hint": {idToken},
		"post_logout_redirect_uri": {testAfterLogout}, "state": {"after"}}.Encode())
	if end.status != http.StatusFound || end.location.String() != testAfterLogout+"?state=after" {
		t.Errorf("end_session: status %d, location %v", end.status, end.location)
	}
	if c := end.header.Get("Set-Cookie"); !strings.Contains(c, "Max-Age=0") {
		t.Errorf("end_session does not clear the cookie: %q", c)
	}
	if state := a.introspect(access); len(state) != 1 || state["active"] != false {
		t.Errorf("introspection after logout: %v", state)
	}
	if r := a.userinfo(access); r.status < 400 {
		t.Errorf("userinfo after logout: status %d", r.status)
	}
	a.login(a.authorize("v", nil), "bob", "password") // fails unless the form is shown
}

func TestRolesInIDToken(t *testing.T) {
	a := newAgent(t, start(t))
	id := a.claims(a.signIn("alice", url.Values{"scope": {"openid groups " + scopeProjectRoles}})["id_token"].(string))
	if id["sub"] != "100000000000000001" || !reflect.DeepEqual(id[claimGroups], []any{"admin"}) || id[claimProjectRoles] == nil {
		t.Errorf("ID token: %v", id)
	}
	// bob has no roles: no role claim, but an empty group list.
	a = newAgent(t, a.issuer)
	info := a.object(a.userinfo(a.signIn("bob", url.Values{"scope": {"openid"}})["access_token"].(string)))
	if want := map[string]any{"sub": "100000000000000002", claimGroups: []any{}}; !reflect.DeepEqual(info, want) {
		t.Errorf("userinfo: %v", info)
	}
}

func TestAuthorizeRefused(t *testing.T) {
	issuer := start(t)
	for name, c := range map[string]struct {
		changes  url.Values
		redirect string // error code sent to the client; "" means 400 without a redirect
	}{
		"redirect URI not registered":     {url.Values{"redirect_uri": {"http://localhost:3000/other"}}, ""},
		"redirect URI with another port":  {url.Values{"redirect_uri": {"http://localhost:3001/login/callback"}}, ""},
		"redirect URI missing":            {url.Values{"redirect_uri": {""}}, ""},
		"client unknown":                  {url.Values{"client_id": {"someone"}}, ""},
		"scope missing":                   {url.Values{"scope": {""}}, "invalid_request"},
		"response type code token":        {url.Values{"response_type": {"code token"}}, "unauthorized_client"},
		"code challenge missing":          {url.Values{"code_challenge": {""}}, "invalid_request"},
		"code challenge method plain":     {url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		"code challenge method missing":   {url.Values{"code_challenge_method": {""}}, "invalid_request"},
		"request object":                  {url.Values{"request": {"e30.e30."}}, "request_not_supported"},
		"prompt none with something else": {url.Values{"prompt": {"none login"}}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newAgent(t, issuer).authorize("v", c.changes)
			if c.redirect == "" {
				if r.status != http.StatusBadRequest || r.location != nil {
					t.Errorf("status %d, location %v", r.status, r.location)
				}
				return
			}
			if r.location == nil || r.location.Query().Get("error") != c.redirect || r.location.Query().Get("state") != "the-state" {
				t.Errorf("status %d, location %v", r.status, r.location)
			}
		})
	}
}

func TestTokenRefused(t *testing.T) {
	issuer := start(t)
	for name, c := range map[string]struct {
		changes url.Values
		basic   bool
		want    string
	}{
		"code verifier of another request": {url.Values{"code_verifier": {"other"}}, true, "invalid_grant"},
		"code verifier missing":            {url.Values{"code_verifier": {""}}, true, "invalid_request"},
		"redirect URI differs":             {url.Values{"redirect_uri": {testAfterLogout}}, true, "invalid_grant"},
		"code unknown":                     {url.Values{"code": {"nothing"}}, true, "invalid_grant"},
		"client secret wrong":              {url.Values{"client_id": {testClient}, "client_secret": {"wrong"}}, false, "invalid_client"},
		"client secret missing":            {url.Values{"client_id": {testClient}}, false, "invalid_client"},
		"two ways of authentication":       {url.Values{"client_id": {testClient}, "client_secret": {testSecret}}, true, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAgent(t, issuer)
			form := url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {testRedirectURI}, "code_verifier": {"verifier"},
				"code": {a.code(a.login(a.authorize("verifier", nil), "alice", "password"))}}
			for k, v := range c.changes {
				form[k] = v
			}
			r := a.post("/oauth/token", form, c.basic)
			if r.status < 400 || a.object(r)["error"] != c.want {
				t.Errorf("status %d, body %s", r.status, r.body)
			}
		})
	}
	t.Run("client_secret_post works", func(t *testing.T) {
		a := newAgent(t, issuer)
		code := a.code(a.login(a.authorize("verifier", nil), "alice", "password"))
		r := a.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {testRedirectURI}, "code": {code},
			"code_verifier": {"verifier"}, "client_id": {testClient}, "client_secret": {testSecret}}, false)
		if r.status != http.StatusOK {
			t.Errorf("status %d, body %s", r.status, r.body)
		}
	})
}

func TestCodeReuse(t *testing.T) {
	a := newAgent(t, start(t))
	code := a.code(a.login(a.authorize("verifier", nil), "alice", "password"))
	access := a.object(a.exchange(code, "verifier"))["access_token"].(string)
	if r := a.exchange(code, "verifier"); a.object(r)["error"] != "invalid_grant" {
		t.Errorf("second use: status %d, body %s", r.status, r.body)
	}
	if state := a.introspect(access); state["active"] != false {
		t.Error("tokens of a code that was used twice live on")
	}
}

func TestRefresh(t *testing.T) {
	a := newAgent(t, start(t))
	refresh := func(token, scope string) map[string]any {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
		if scope != "" {
			form.Set("scope", scope)
		}
		return a.object(a.post("/oauth/token", form, true))
	}
	first := a.signIn("alice", nil)
	second := refresh(first["refresh_token"].(string), "openid email")
	if second["access_token"] == nil || second["scope"] != "openid email" {
		t.Fatalf("refresh: %v", second)
	}
	if id := a.claims(second["id_token"].(string)); id["sub"] != "100000000000000001" || id["nonce"] != nil ||
		id["sid"] != a.claims(first["id_token"].(string))["sid"] {
		t.Errorf("ID token after refresh: %v", id)
	}
	if info := a.object(a.userinfo(second["access_token"].(string))); info["email"] == nil || info["name"] != nil {
		t.Errorf("userinfo with less scope: %v", info)
	}
	if r := refresh(first["refresh_token"].(string), ""); r["error"] != "invalid_grant" {
		t.Errorf("second use of a refresh token: %v", r)
	}
	if r := refresh(second["refresh_token"].(string), "openid more"); r["error"] != "invalid_scope" {
		t.Errorf("refresh with more scope: %v", r)
	}
	third := refresh(second["refresh_token"].(string), "")
	if third["scope"] != testScope {
		t.Errorf("scope was lost at refresh: %v", third)
	}

	a.post("/revoke", url.Values{"token": {third["access_token"].(string)}}, true)
	if a.introspect(third["access_token"].(string))["active"] != false || a.introspect(second["access_token"].(string))["active"] != true {
		t.Error("revoking an access token must end that one only")
	}
	a.post("/revoke", url.Values{"token": {third["refresh_token"].(string)}}, true)
	if r := refresh(third["refresh_token"].(string), ""); r["error"] != "invalid_grant" {
		t.Errorf("refresh token works after it was revoked: %v", r)
	}
	if a.introspect(second["access_token"].(string))["active"] != false {
		t.Error("access token outlives its revoked refresh token")
	}
	if tokens := newAgent(t, a.issuer).signIn("alice", url.Values{"scope": {"openid"}}); tokens["refresh_token"] != nil {
		t.Error("refresh token without offline_access")
	}
}

func TestIntrospectionNeedsClient(t *testing.T) {
	a := newAgent(t, start(t))
	if r := a.post("/oauth/introspect", url.Values{"token": {"x"}}, false); r.status != http.StatusUnauthorized {
		t.Errorf("status %d", r.status)
	}
	if state := a.introspect("x"); len(state) != 1 || state["active"] != false {
		t.Errorf("unknown token: %v", state)
	}
}

func TestEndSessionRefused(t *testing.T) {
	a := newAgent(t, start(t))
	access := a.signIn("alice", nil)["access_token"].(string)
	for name, q := range map[string]url.Values{
		"redirect URI not registered": {"client_id": {testClient}, "post_logout_redirect_uri": {"http://localhost:3000/elsewhere"}},
		"hint not ours":               {"id_token_hint": {"e30.e30.e30"}},
	} {
		t.Run(name, func(t *testing.T) {
			if r := a.get(a.issuer + "/end_session?" + q.Encode()); r.status != http.StatusBadRequest || r.location != nil || len(r.header["Set-Cookie"]) > 0 {
				t.Errorf("status %d, location %v", r.status, r.location)
			}
			if a.introspect(access)["active"] != true {
				t.Error("a refused request ended the session")
			}
		})
	}
	if r := a.get(a.issuer + "/end_session"); r.location == nil || r.location.String() != a.issuer+"/signed-out" {
		t.Errorf("without parameters: status %d, location %v", r.status, r.location)
	}
}

func TestConcurrentFlows(t *testing.T) {
	issuer := start(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			a := newAgent(t, issuer)
			verifier := fmt.Sprint("verifier-", i)
			login := a.authorize(verifier, nil)
			id := login.location.Query().Get("id")
			done := a.post("/login", url.Values{"id": {id}, "username": {"alice"}, "password": {"password"}}, false)
			if done.location == nil {
				t.Errorf("login: status %d", done.status)
				return
			}
			tokens := a.object(a.exchange(done.location.Query().Get("code"), verifier))
			// Of several refreshes with one token, one succeeds.
			ok := make(chan bool, 4)
			for range cap(ok) {
				go func() {
					r := a.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}}, true)
					ok <- r.status == http.StatusOK
				}()
			}
			var got []bool
			for range cap(ok) {
				got = append(got, <-ok)
			}
			if n := len(slices.DeleteFunc(got, func(ok bool) bool { return !ok })); n != 1 {
				t.Errorf("%d refreshes succeeded", n)
			}
		})
	}
	wg.Wait()
}
