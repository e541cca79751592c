package bearer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/identity"
	"gatehouse/core/strictjson"
)

const now = 1800000000

var policy = bearer.Policy{
	Issuer: "https://op.example.com", Audiences: []string{"client", "project"},
	Scopes: []string{"read"}, Leeway: 30 * time.Second,
}

// claims are good ones with changes; nil removes one.
func claims(t testing.TB, changes map[string]any) strictjson.Object {
	t.Helper()
	all := map[string]any{
		"iss": policy.Issuer, "sub": "alice", "aud": []string{"project", "other"}, "exp": now + 60, "iat": now - 60,
		"client_id": "cli", "scope": "read write", "token_type": "Bearer", "x": "unknown",
	}
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	o, err := strictjson.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestPolicy(t *testing.T) {
	type change = map[string]any
	many := make([]string, 1001)
	many[0] = "client"
	for _, c := range []struct {
		name    string
		changes change
		reason  string // "" is a good token
	}{
		{"good", nil, ""},
		{"audience the client, as a string", change{"aud": "client"}, ""},
		{"without what may be missing", change{"iss": nil, "exp": nil, "iat": nil, "client_id": nil, "token_type": nil}, ""},
		{"token type in lower case", change{"token_type": "bearer"}, ""},
		{"expired within the leeway", change{"exp": now - 29}, ""},
		{"issued in the future within the leeway", change{"iat": now + 30}, ""},
		{"expiry beyond all calendars", change{"exp": 1e300}, ""},
		{"expiry with a fraction", change{"exp": now + 0.5}, ""},
		{"cnf null", change{"cnf": json.RawMessage("null")}, ""},
		{"use of an access token", change{"token_use": "access_token"}, ""},
		{"Keycloak's access token", change{"token_type": nil, "typ": "Bearer"}, ""},
		{"typ of another issuer", change{"typ": "JWT"}, ""},

		{"other issuer", change{"iss": "https://evil.example"}, "iss is not the issuer"},
		{"issuer with a slash more", change{"iss": policy.Issuer + "/"}, "iss is not the issuer"},
		{"issuer a list", change{"iss": []string{policy.Issuer}}, "iss is not the issuer"},
		{"other audience", change{"aud": "other"}, "aud is none of ours"},
		{"audience that begins like ours", change{"aud": "client2"}, "aud is none of ours"},
		{"audience in another case", change{"aud": "CLIENT"}, "aud is none of ours"},
		{"no audience", change{"aud": nil}, "aud is missing or malformed"},
		{"audience empty", change{"aud": ""}, "aud is none of ours"},
		{"audience an empty list", change{"aud": []string{}}, "aud is none of ours"},
		{"audience with a number", change{"aud": []any{"client", 1}}, "aud is missing or malformed"},
		{"audience an object", change{"aud": change{"client": 1}}, "aud is missing or malformed"},
		{"1001 audiences", change{"aud": many}, "too many aud"},
		{"expired", change{"exp": now - 30}, "expired"},
		{"expiry long ago", change{"exp": -1e300}, "expired"},
		{"expiry a text", change{"exp": fmt.Sprint(now + 60)}, "exp is malformed"},
		{"not valid yet", change{"nbf": now + 31}, "not valid yet"},
		{"nbf a text", change{"nbf": "soon"}, "nbf is malformed"},
		{"issued in the future", change{"iat": now + 31}, "issued in the future"},
		{"iat a flag", change{"iat": true}, "iat is malformed"},
		{"bound by DPoP (G10)", change{"cnf": change{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}, "bound to a key"},
		{"bound by a certificate (G10)", change{"cnf": change{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}, "bound to a key"},
		{"bound to nothing known", change{"cnf": change{}}, "bound to a key"},
		{"token type DPoP", change{"token_type": "DPoP"}, "token_type is not Bearer"},
		{"token type a number", change{"token_type": 1}, "token_type is not Bearer"},
		{"a refresh token", change{"token_use": "refresh_token"}, "not an access token"},
		{"Keycloak's ID token", change{"token_type": nil, "typ": "ID"}, "not an access token"},
		{"Keycloak's refresh token", change{"token_type": nil, "typ": "Refresh"}, "not an access token"},
		{"Keycloak's offline token", change{"token_type": nil, "typ": "Offline"}, "not an access token"},
		{"Keycloak's logout token", change{"token_type": nil, "typ": "Logout"}, "not an access token"},
		{"hash of an access token", change{"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "an ID token"},
		{"hash of a code", change{"c_hash": "LDktKdoQak3Pk0cnXxCltA"}, "an ID token"},
		{"no subject", change{"sub": nil}, "sub is missing or malformed"},
		{"subject empty", change{"sub": ""}, "sub is missing or malformed"},
		{"subject a number", change{"sub": 1}, "sub is missing or malformed"},
		{"subject with a line break", change{"sub": "a\nb"}, "sub is missing or malformed"},
		{"subject of 256 bytes", change{"sub": strings.Repeat("x", 256)}, "sub is missing or malformed"},
		{"client_id a number", change{"client_id": 1}, "client_id is malformed"},
		{"scope a list", change{"scope": []string{"read"}}, "scope is malformed"},
		{"too many groups", change{"groups": make([]string, 10_001)}, "too many groups"},

		{"scope missing", change{"scope": nil}, "scope"},
		{"scope not granted", change{"scope": "write"}, "scope"},
		{"scope that contains ours", change{"scope": "readonly read:all"}, "scope"},
		{"scope in another case", change{"scope": "READ"}, "scope"},
		{"scope separated by something else", change{"scope": "write\u00a0read,read\tread"}, "scope"},
		{"scope lacking and expired", change{"scope": "", "exp": 1}, "expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, err := policy.Check(claims(t, c.changes), time.Unix(now, 0), identity.Mapping{GroupsClaim: "groups"})
			if (token == nil) != (err != nil) {
				t.Fatalf("token %v with error %v", token, err)
			}
			var invalid *bearer.InvalidError
			got := ""
			switch {
			case errors.Is(err, bearer.ErrScope):
				got = "scope"
			case errors.As(err, &invalid) && errors.Is(err, bearer.ErrInvalid):
				got = invalid.Reason
			case err != nil:
				t.Fatalf("error of another kind: %v", err)
			}
			if got != c.reason {
				t.Errorf("got %q, want %q", got, c.reason)
			}
		})
	}
}

func TestClientForAudience(t *testing.T) {
	type change = map[string]any
	ours := change{"aud": nil, "client_id": "project"}
	with := func(changes change) change {
		all := maps.Clone(ours)
		maps.Copy(all, changes)
		return all
	}
	for _, c := range []struct {
		name    string
		changes change
		reason  string // "" is a good token
	}{
		{"client ours", ours, ""},
		{"audience ours, client another", change{"aud": "client", "client_id": "cli"}, ""},
		{"audience ours, no token type", change{"token_type": nil}, ""},

		{"client another", with(change{"client_id": "cli"}), "no aud, and client_id is none of ours"},
		{"client in another case", with(change{"client_id": "PROJECT"}), "no aud, and client_id is none of ours"},
		{"client empty", with(change{"client_id": ""}), "no aud, and client_id is none of ours"},
		{"client a list", with(change{"client_id": []string{"project"}}), "no aud, and client_id is none of ours"},
		{"no client", with(change{"client_id": nil}), "no aud, and client_id is none of ours"},
		{"a refresh token says no type", with(change{"token_type": nil}), "neither aud nor token_type"},
		{"another type", with(change{"token_type": "N_A"}), "token_type is not Bearer"},
		{"expired", with(change{"exp": 1}), "expired"},
		{"scope", with(change{"scope": "write"}), "scope"},
		// What is said is not made up for.
		{"audience another", with(change{"aud": "other"}), "aud is none of ours"},
		{"audience null", with(change{"aud": json.RawMessage("null")}), "aud is missing or malformed"},
		{"audience empty", with(change{"aud": ""}), "aud is none of ours"},
		{"audience an empty list", with(change{"aud": []string{}}), "aud is none of ours"},
		{"audience a number", with(change{"aud": 1}), "aud is missing or malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := policy
			asked.ClientForAudience = true
			_, err := asked.Check(claims(t, c.changes), time.Unix(now, 0), identity.Mapping{})
			var invalid *bearer.InvalidError
			got := ""
			switch {
			case errors.Is(err, bearer.ErrScope):
				got = "scope"
			case errors.As(err, &invalid):
				got = invalid.Reason
			}
			if got != c.reason || (err == nil) != (got == "") {
				t.Errorf("got %q (%v), want %q", got, err, c.reason)
			}
		})
	}
	if _, err := policy.Check(claims(t, ours), time.Unix(now, 0), identity.Mapping{}); !errors.Is(err, bearer.ErrInvalid) {
		t.Errorf("without the field, a client stands in for an audience: %v", err)
	}
}

func TestWhatIsKnownAboutAToken(t *testing.T) {
	token, err := policy.Check(claims(t, map[string]any{"groups": []string{"a"}, "email": "alice@example.com", "scope": "read  write"}),
		time.Unix(now, 0), identity.Mapping{GroupsClaim: "groups"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(token.Scopes, []string{"read", "write"}) || token.ClientID != "cli" || !token.Expiry.Equal(time.Unix(now+60, 0)) {
		t.Errorf("got %+v", token)
	}
	id := token.Identity
	if id.Issuer != policy.Issuer || id.Subject != "alice" || id.Email != "alice@example.com" || !slices.Equal(id.Groups, []string{"a"}) {
		t.Errorf("identity %+v", id)
	}
	if x, _ := token.Claims.Text("x"); x != "unknown" {
		t.Errorf("claims %v", slices.Sorted(maps.Keys(token.Claims)))
	}
	if token, err := policy.Check(claims(t, map[string]any{"iss": nil}), time.Unix(now, 0), identity.Mapping{}); err != nil || token.Identity.Issuer != policy.Issuer {
		t.Errorf("an answer without iss is about the issuer that was asked: %v", err)
	}
}

func TestRequire(t *testing.T) {
	token := &bearer.Token{Scopes: []string{"a", "b"}}
	if err := token.Require(); err != nil {
		t.Error(err)
	}
	if err := token.Require("b", "a"); err != nil {
		t.Error(err)
	}
	if err := token.Require("a", "c"); bearer.Challenge(err) != `Bearer error="insufficient_scope", scope="a c"` {
		t.Errorf("got %v", err)
	}
}

func TestAPolicyWithoutIssuerOrAudienceRefusesAll(t *testing.T) {
	for name, p := range map[string]bearer.Policy{
		"zero": {}, "no issuer": {Audiences: policy.Audiences}, "no audience": {Issuer: policy.Issuer}, "empty audience": {Issuer: policy.Issuer, Audiences: []string{""}},
		"client for no audience": {Issuer: policy.Issuer, ClientForAudience: true},
	} {
		if _, err := p.Check(claims(t, nil), time.Unix(now, 0), identity.Mapping{}); !errors.Is(err, bearer.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// G10: what a token is bound to is checked by who knows the key, and nothing passes for
// it.
func TestTokensAreConfirmedByTheirKeyOnly(t *testing.T) {
	type change = map[string]any
	const key, other = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
	bound := policy
	bound.KeyBound = true
	for _, c := range []struct {
		name    string
		changes change
		proved  string
		reason  string // "" is a good token
	}{
		{"bound, proved", change{"token_type": nil, "cnf": change{"jkt": key}}, key, ""},
		{"bound, proved, of the type DPoP", change{"token_type": "dpop", "cnf": change{"jkt": key}}, key, ""},
		{"plain", nil, "", ""},
		{"bound, not proved", change{"token_type": nil, "cnf": change{"jkt": key}}, "", "bound to a key"},
		{"bound, another key proved", change{"token_type": nil, "cnf": change{"jkt": key}}, other, "not bound to the key of the proof"},
		{"plain, proved", nil, key, "not bound to the key of the proof"},
		{"bound, of the type Bearer", change{"token_type": "Bearer", "cnf": change{"jkt": key}}, key, "token_type is not DPoP"},
		{"plain, of the type DPoP", change{"token_type": "DPoP"}, "", "token_type is not Bearer"},
		{"thumbprint empty", change{"token_type": nil, "cnf": change{"jkt": ""}}, "", "bound to a key"},
		{"thumbprint cut short", change{"token_type": nil, "cnf": change{"jkt": key[1:]}}, key[1:], "bound to a key"},
		{"thumbprint a list", change{"token_type": nil, "cnf": change{"jkt": []string{key}}}, key, "bound to a key"},
		{"a certificate too", change{"token_type": nil, "cnf": change{"jkt": key, "x5t#S256": key}}, key, "bound to a key"},
		{"a certificate", change{"token_type": nil, "cnf": change{"x5t#S256": key}}, key, "bound to a key"},
		{"a text", change{"token_type": nil, "cnf": key}, key, "bound to a key"},
		{"a list", change{"token_type": nil, "cnf": []any{change{"jkt": key}}}, key, "bound to a key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, err := bound.Check(claims(t, c.changes), time.Unix(now, 0), identity.Mapping{})
			if err == nil {
				err = token.ConfirmedBy(c.proved)
			}
			got := ""
			var invalid *bearer.InvalidError
			if errors.As(err, &invalid) {
				got = invalid.Reason
			}
			if got != c.reason || (err == nil) != (got == "") {
				t.Errorf("got %q (%v), want %q", got, err, c.reason)
			}
		})
	}
}
