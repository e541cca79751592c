//go:build runtimes

package runtimes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// keycloakSecrets are those of the clients in testdata/keycloak/realm.json:
// gatehouse is the gateway, reports a service that calls the application, console a
// program with users, stranger one whose tokens are for something else, and operator
// may end sessions and disable users.
var keycloakSecrets = map[string]string{
	"gatehouse": "a-secret-of-the-runtimes-suite-0123456789",
	"reports":   "another-secret-of-the-runtimes-suite-0123456789",
	"console":   "a-third-secret-of-the-runtimes-suite-0123456789",
	"stranger":  "a-fourth-secret-of-the-runtimes-suite-0123456789",
	"operator":  "a-fifth-secret-of-the-runtimes-suite-0123456789",
}

// grant is a token response.
type grant struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

// forUser gets tokens that a client holds for a user.
func (k *keycloak) forUser(t *testing.T, client, user string) grant {
	t.Helper()
	return k.grant(t, client, url.Values{"grant_type": {"password"}, "username": {user}, "password": {"password"}, "scope": {"openid"}})
}

// forService gets the token of a client's service account.
func (k *keycloak) forService(t *testing.T, client string) string {
	t.Helper()
	return k.grant(t, client, url.Values{"grant_type": {"client_credentials"}}).AccessToken
}

func (k *keycloak) grant(t *testing.T, client string, form url.Values) (g grant) {
	t.Helper()
	k.post(t, client, k.Token, form, &g)
	if g.AccessToken == "" {
		t.Fatalf("Keycloak gives %s no access token", client)
	}
	return g
}

// revoke ends a token (RFC 7009).
func (k *keycloak) revoke(t *testing.T, client, token string) {
	t.Helper()
	k.post(t, client, k.Revocation, url.Values{"token": {token}}, nil)
}

// active asks Keycloak itself about a token.
func (k *keycloak) active(t *testing.T, token string) bool {
	t.Helper()
	var answer struct{ Active bool }
	k.post(t, "gatehouse", k.Introspection, url.Values{"token": {token}}, &answer)
	return answer.Active
}

// post sends a form as a client; answer may be nil.
func (k *keycloak) post(t *testing.T, client, address string, form url.Values, answer any) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, keycloakSecrets[client])
	if status, err := exchangeJSON(r, answer); err != nil || status != http.StatusOK {
		t.Fatalf("Keycloak answers %s's POST %s with %d: %v", client, address, status, err)
	}
}

// userID looks a user up.
func (k *keycloak) userID(t *testing.T, name string) string {
	t.Helper()
	var found []struct{ ID string }
	k.administer(t, http.MethodGet, "/users?exact=true&username="+url.QueryEscape(name), nil, &found)
	if len(found) != 1 {
		t.Fatalf("Keycloak has %d users %s", len(found), name)
	}
	return found[0].ID
}

// endSessions ends all sessions of a user.
func (k *keycloak) endSessions(t *testing.T, user string) {
	t.Helper()
	k.administer(t, http.MethodPost, "/users/"+k.userID(t, user)+"/logout", nil, nil)
}

func (k *keycloak) enable(t *testing.T, user string, enabled bool) {
	t.Helper()
	k.administer(t, http.MethodPut, "/users/"+k.userID(t, user), map[string]bool{"enabled": enabled}, nil)
}

// administer calls the administration API of the realm.
func (k *keycloak) administer(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, strings.Replace(k.issuer, "/realms/", "/admin/realms/", 1)+path, bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+k.forService(t, "operator"))
	if status, err := exchangeJSON(r, answer); err != nil || status/100 != 2 {
		t.Fatalf("Keycloak answers %s %s with %d: %v", method, path, status, err)
	}
}

func getJSON(address string, answer any) (status int, err error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	return exchangeJSON(r, answer)
}

// exchangeJSON sends a request and, if answer is not nil, decodes a good answer.
func exchangeJSON(r *http.Request, answer any) (status int, err error) {
	res, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return res.StatusCode, err
	case res.StatusCode/100 != 2:
		return res.StatusCode, fmt.Errorf("%.300s", body)
	case answer == nil:
		return res.StatusCode, nil
	}
	return res.StatusCode, json.Unmarshal(body, answer)
}
