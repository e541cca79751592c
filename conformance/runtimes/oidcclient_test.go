//go:build runtimes

package runtimes

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// tokens are a token endpoint's answer.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

// post sends a form to an endpoint of the provider as a client.
func (p *oidcProvider) post(t *testing.T, path, client, accept string, form url.Values) (status int, contentType string, body []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", accept)
	r.SetBasicAuth(client, oidcClientSecret)
	if p.prove != nil {
		r.Header.Set("DPoP", p.prove(http.MethodPost, p.issuer+path))
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	contentType, _, _ = strings.Cut(res.Header.Get("Content-Type"), ";")
	return res.StatusCode, contentType, body
}

func (p *oidcProvider) token(t *testing.T, client string, form url.Values) tokens {
	t.Helper()
	status, _, body := p.post(t, "/token", client, "application/json", form)
	var answer tokens
	if err := json.Unmarshal(body, &answer); status != http.StatusOK || err != nil || answer.Access == "" {
		t.Fatalf("token endpoint: %d, %v\n%s", status, err, body)
	}
	return answer
}

// userTokens are those that a client gets for alice, who agrees to everything. resource
// is whom the access token is for; "" asks for nobody.
func (p *oidcProvider) userTokens(t *testing.T, client, scope, resource string) tokens {
	t.Helper()
	redirect := "http://127.0.0.1:1/callback" // nobody listens; the port of a native client is free
	if client == oidcClientID {
		redirect = p.app + "/login/callback"
	}
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	query := url.Values{"client_id": {client}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {scope}, "state": {state},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}, "prompt": {"consent"}}
	form := url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	if resource != "" {
		query.Set("resource", resource)
		form.Set("resource", resource)
	}
	v := newVisitor(t)
	v.end = redirect
	at := v.logIn(p.issuer + "/auth?" + query.Encode())
	if at.Query().Get("state") != state || at.Query().Get("code") == "" {
		t.Fatalf("the provider sends the browser to %s", at)
	}
	form.Set("code", at.Query().Get("code"))
	return p.token(t, client, form)
}

// machineToken is one that the client machine gets for itself.
func (p *oidcProvider) machineToken(t *testing.T, scope, resource string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	if resource != "" {
		form.Set("resource", resource)
	}
	return p.token(t, oidcMachine, form).Access
}

// introspect asks about a token as the gateway's client.
func (p *oidcProvider) introspect(t *testing.T, token string) map[string]any {
	t.Helper()
	status, kind, body := p.post(t, "/token/introspection", oidcClientID, "application/json", url.Values{"token": {token}})
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); status != http.StatusOK || kind != "application/json" || err != nil {
		t.Fatalf("introspection endpoint: %d, %s, %v\n%s", status, kind, err, body)
	}
	return answer
}

// introspections is how often the provider was asked about a token.
func (p *oidcProvider) introspections(t *testing.T, token string) int {
	t.Helper()
	const line = "introspection "
	// What was printed before this question has arrived when this line has.
	last := rand.Text()
	p.introspect(t, last)
	p.line(t, line+last)
	asked := 0
	for printed := range strings.Lines(p.printed()) {
		if printed == line+token+"\n" {
			asked++
		}
	}
	return asked
}

// revoke makes a token invalid that was issued to client.
func (p *oidcProvider) revoke(t *testing.T, client, token string) {
	t.Helper()
	if status, _, body := p.post(t, "/token/revocation", client, "application/json", url.Values{"token": {token}}); status != http.StatusOK {
		t.Fatalf("revocation endpoint: %d\n%s", status, body)
	}
}
