//go:build runtimes

package runtimes

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Opaque tokens are asked about. This provider gives them an audience only for a
// resource that was asked for.
func TestOIDCProviderOpaqueTokens(t *testing.T) {
	d := deploy(t, map[string]string{
		"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": "0s", "AUDIENCES": oidcClientID + ",program,urn:opaque:api",
	})
	_, seen := d.session(t)
	const scope = "openid email profile read"

	own := d.provider.userTokens(t, oidcClientID, scope, "").Access
	if said := d.provider.introspect(t, own); said["active"] != true || said["aud"] != nil || said["client_id"] != oidcClientID {
		t.Errorf("the provider says %v: another case is needed for an answer without aud", said)
	}
	sameIdentity(t, "own client", d.admitted(t, "own client", own, "alice").seen, seen)
	sameIdentity(t, "session's token", d.admitted(t, "session's token", seen.Get("X-Forwarded-Access-Token"), "alice").seen, seen)

	program := d.provider.userTokens(t, oidcProgram, scope+" offline_access", "")
	sameIdentity(t, "listed client", d.admitted(t, "listed client", program.Access, "alice").seen, seen)
	api := d.provider.userTokens(t, oidcProgram, scope, "urn:opaque:api").Access
	if said := d.provider.introspect(t, api); said["aud"] != "urn:opaque:api" {
		t.Errorf("the provider says %v", said)
	}
	sameIdentity(t, "our resource", d.admitted(t, "our resource", api, "alice").seen, seen)

	d.refused(t, "another resource", d.provider.userTokens(t, oidcProgram, scope, "urn:opaque:another").Access, 401, invalidToken)
	if said := d.provider.introspect(t, program.Refresh); said["active"] != true || said["token_type"] != nil {
		t.Errorf("the provider says of a refresh token %v", said)
	}
	d.refused(t, "refresh token", program.Refresh, 401, invalidToken)
	machine := d.provider.machineToken(t, "read", "urn:opaque:api")
	if said := d.provider.introspect(t, machine); said["active"] != true || said["sub"] != nil {
		t.Errorf("the provider says of a machine's token %v", said)
	}
	d.refused(t, "machine's token, which names no subject", machine, 401, invalidToken)
	d.refused(t, "no token of anybody", "unknown", 401, invalidToken)

	// This provider introspects no JWT and says so with 400.
	jwt := d.provider.userTokens(t, oidcProgram, scope, "urn:jwt:api").Access
	if status, _, body := d.provider.post(t, "/token/introspection", oidcClientID, "application/json", url.Values{"token": {jwt}}); status != 400 ||
		!strings.Contains(string(body), "unsupported_token_type") {
		t.Errorf("the provider says of a JWT: %d %s", status, body)
	}
	d.refused(t, "JWT that the provider does not introspect", jwt, 401, invalidToken)

	// It would sign its answers for who asks for that (RFC 9701); the gateway does not.
	if _, kind, _ := d.provider.post(t, "/token/introspection", oidcClientID, "application/token-introspection+jwt", url.Values{"token": {own}}); kind != "application/token-introspection+jwt" {
		t.Errorf("the provider answers %s to who accepts a JWT only", kind)
	}
}

// Unless AUDIENCES says otherwise, only this client's own tokens are good.
func TestOIDCProviderTokensOfOthers(t *testing.T) {
	d := deploy(t, map[string]string{"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": "0s"})
	d.admitted(t, "own client", d.provider.userTokens(t, oidcClientID, "openid", "").Access, "alice")
	d.refused(t, "own client, another resource", d.provider.userTokens(t, oidcClientID, "openid", "urn:opaque:another").Access, 401, invalidToken)
	d.refused(t, "another client", d.provider.userTokens(t, oidcProgram, "openid", "").Access, 401, invalidToken)
}

func TestOIDCProviderScopes(t *testing.T) {
	d := deploy(t, map[string]string{
		"BEARER_TOKENS": "introspection", "REQUIRED_SCOPES": "read,write", "CHECK_SESSIONS": "true",
	})
	d.admitted(t, "both scopes", d.provider.userTokens(t, oidcClientID, "openid read write", "").Access, "alice")
	a := d.refused(t, "one scope", d.provider.userTokens(t, oidcClientID, "openid read", "").Access, 403, `Bearer error="insufficient_scope", scope="read write"`)
	if a.code != "insufficient_scope" {
		t.Errorf("code %q", a.code)
	}
	// A login asks for neither; required scopes are for API clients.
	d.session(t)
}

// JWTs are verified by the provider's published keys, without asking about them.
func TestOIDCProviderJWTs(t *testing.T) {
	d := deploy(t, map[string]string{"BEARER_TOKENS": "jwt", "AUDIENCES": "urn:jwt:api", "REQUIRED_SCOPES": "read"})
	_, seen := d.session(t)
	const scope = "openid email profile read"
	good := d.provider.userTokens(t, oidcProgram, scope, "urn:jwt:api")
	sameIdentity(t, "JWT", d.admitted(t, "JWT", good.Access, "alice").seen, seen)
	d.admitted(t, "machine's JWT", d.provider.machineToken(t, "read", "urn:jwt:api"), oidcMachine)

	d.refused(t, "scope missing", d.provider.machineToken(t, "write", "urn:jwt:api"), 403, `Bearer error="insufficient_scope", scope="read"`)
	d.refused(t, "another resource", d.provider.userTokens(t, oidcProgram, scope, "urn:jwt:another").Access, 401, invalidToken)
	d.refused(t, "ID token", good.ID, 401, invalidToken)
	d.refused(t, "opaque token", d.provider.userTokens(t, oidcProgram, scope, "").Access, 401, invalidToken)
	forged := []byte(good.Access)
	at, other := strings.LastIndexByte(good.Access, '.')+10, byte('A')
	if forged[at] == other {
		other = 'B'
	}
	forged[at] = other
	d.refused(t, "changed signature", string(forged), 401, invalidToken)
	if n := d.provider.introspections(t, good.Access); n != 0 {
		t.Errorf("the provider was asked about a JWT %d times", n)
	}
}

func TestOIDCProviderRevocationAtOnce(t *testing.T) {
	d := deploy(t, map[string]string{"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": "0s"})
	token := d.provider.userTokens(t, oidcClientID, "openid", "").Access
	d.admitted(t, "before the revocation", token, "alice")
	d.admitted(t, "again", token, "alice")
	if n := d.provider.introspections(t, token); n != 2 {
		t.Errorf("the provider was asked %d times about two requests", n)
	}
	d.provider.revoke(t, oidcClientID, token)
	d.refused(t, "after the revocation", token, 401, invalidToken)
}

func TestOIDCProviderRevocationWithinTheCap(t *testing.T) {
	const believed = 5 * time.Second
	d := deploy(t, map[string]string{"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": believed.String()})
	var token string
	var asked, revoked time.Time
	// A machine that stands still for the whole time has another try.
	until(t, "a revoked token that is admitted from the cache", func() bool {
		token = d.provider.userTokens(t, oidcClientID, "openid", "").Access
		asked = time.Now()
		d.admitted(t, "before the revocation", token, "alice")
		d.provider.revoke(t, oidcClientID, token)
		revoked = time.Now()
		a := d.call(t, token)
		if a.status != http.StatusOK && time.Since(asked) < believed {
			t.Errorf("refused %v after the provider was asked", time.Since(asked))
		}
		return a.status == http.StatusOK
	}, func() string { return "none was" })
	if n := d.provider.introspections(t, token); n != 1 && time.Since(asked) < believed {
		t.Errorf("the provider was asked %d times within the time that an answer is believed", n)
	}
	until(t, "the refusal of a revoked token", func() bool { return d.call(t, token).status == http.StatusUnauthorized }, func() string { return "it is admitted" })
	refused := time.Now()
	if lived := refused.Sub(asked); lived < believed {
		t.Errorf("an answer was believed for %v at most, not %v", lived, believed)
	}
	if late := refused.Sub(revoked); late > believed+20*time.Second {
		t.Errorf("a revocation was noticed after %v", late)
	}
	t.Logf("INTROSPECTION_CACHE=%v: refused %v after the revocation", believed, refused.Sub(revoked).Round(10*time.Millisecond))
	d.refused(t, "after the cap", token, 401, invalidToken)
}

// A session ends with its access token: a person logs in anew, a program is told.
func TestOIDCProviderChecksSessions(t *testing.T) {
	d := deploy(t, map[string]string{"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": "0s", "CHECK_SESSIONS": "true"})
	person, seen := d.session(t)
	script, alsoSeen := d.session(t)
	token := seen.Get("X-Forwarded-Access-Token")
	d.provider.revoke(t, oidcClientID, token)
	d.provider.revoke(t, oidcClientID, alsoSeen.Get("X-Forwarded-Access-Token"))

	res, body := script.send(http.MethodGet, d.app+"/api/echo", "cors", nil)
	if a := readAnswer(t, res, body); a.status != http.StatusUnauthorized || a.code != "login_required" || a.header.Get("Location") != "" {
		t.Errorf("a script whose session's token is revoked: %d %s", a.status, a.code)
	}
	res, _ = person.send(http.MethodGet, d.app+deepLink, "navigate", nil)
	if to, err := res.Location(); res.StatusCode != http.StatusSeeOther || err != nil || to.Path != "/login" {
		t.Errorf("a page whose session's token is revoked: %s to %v", res.Status, to)
	}
	// The provider still knows who this is and gives a new token: one login, no loop.
	if at := person.logIn(d.app + deepLink); at.String() != d.app+deepLink {
		t.Errorf("the new login ends at %s", at)
	}
	res, body = person.send(http.MethodGet, d.app+"/api/echo", "cors", nil)
	if got := readAnswer(t, res, body).seen.Get("X-Forwarded-Access-Token"); got == "" || got == token {
		t.Errorf("the new session has the token %q", got)
	}
}

func TestOIDCProviderDown(t *testing.T) {
	d := deploy(t, map[string]string{"BEARER_TOKENS": "introspection", "INTROSPECTION_CACHE": "5m"})
	known := d.provider.userTokens(t, oidcClientID, "openid", "").Access
	unknown := d.provider.userTokens(t, oidcClientID, "openid", "").Access
	v, _ := d.session(t)
	d.admitted(t, "while the provider answers", known, "alice")
	d.provider.stop(t)
	d.admitted(t, "known token", known, "alice")
	a := d.call(t, unknown)
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.code != "token_unverified" || a.seen != nil {
		t.Errorf("unknown token: %d %s, Retry-After %q", a.status, a.code, a.header.Get("Retry-After"))
	}
	if res, _ := v.send(http.MethodGet, d.app+"/api/echo", "cors", nil); res.StatusCode != http.StatusOK {
		t.Errorf("a session: %s", res.Status)
	}
}
