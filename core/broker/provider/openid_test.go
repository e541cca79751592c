package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

// issuer is an OpenID provider with discovery, in one function.
type issuer struct {
	t        *testing.T
	key      *ecdsa.PrivateKey
	metadata map[string]any
	claims   map[string]any
	idToken  *string
	down     bool
	revoked  []string
	asked    []string
}

const issuerURL = "https://id.example"

func newIssuer(t *testing.T) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{t: t, key: key, metadata: map[string]any{
		"issuer": issuerURL, "authorization_endpoint": issuerURL + "/authorize", "token_endpoint": issuerURL + "/token", "jwks_uri": issuerURL + "/keys",
		"userinfo_endpoint": issuerURL + "/userinfo", "revocation_endpoint": issuerURL + "/revoke", "authorization_response_iss_parameter_supported": true,
	}, claims: map[string]any{
		"iss": issuerURL, "aud": "the client/id", "sub": "248289761001", "nonce": "the-nonce", "iat": now.Unix(), "exp": now.Unix() + 300, "preferred_username": "jane",
	}}
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.asked = append(i.asked, r.URL.Path)
	if i.down {
		return nil, errors.New("connection refused")
	}
	answer := func(v any) (*http.Response, error) {
		b, err := json.Marshal(v)
		return reply(200, "application/json", string(b)), err
	}
	switch r.URL.String() {
	case issuerURL + "/.well-known/openid-configuration":
		return answer(i.metadata)
	case issuerURL + "/keys":
		return answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	case issuerURL + "/token":
		body := map[string]any{"access_token": "the-access", "token_type": "Bearer", "expires_in": 60, "refresh_token": "the-refresh"}
		if i.idToken == nil {
			body["id_token"] = i.sign(i.key)
		} else if *i.idToken != "" {
			body["id_token"] = *i.idToken
		}
		return answer(body)
	case issuerURL + "/userinfo":
		return answer(map[string]any{"sub": "248289761001", "name": "Jane Doe"})
	case issuerURL + "/revoke":
		b, err := io.ReadAll(r.Body)
		i.revoked = append(i.revoked, string(b))
		return reply(200, "", ""), err
	}
	i.t.Errorf("asked for %s", r.URL)
	return reply(404, "", ""), nil
}

func (i *issuer) sign(key *ecdsa.PrivateKey) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	b, err := json.Marshal(i.claims)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := s.Sign(b)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func (i *issuer) provider() *provider.Provider {
	s := settings("acme")
	s.Issuer, s.Scopes = issuerURL, []string{"openid", "offline_access"}
	return newProvider(i.t, s, provider.Parts{Fetch: i})
}

func brought(changes ...string) provider.Answer {
	q := url.Values{"code": {"c"}, "iss": {issuerURL}}
	for n := 0; n < len(changes); n += 2 {
		if q[changes[n]] = []string{changes[n+1]}; changes[n+1] == "" {
			q.Del(changes[n])
		}
	}
	return provider.Answer{Query: q, RedirectURI: "https://b.example/", Nonce: "the-nonce", Verifier: strings.Repeat("v", 43), Scopes: []string{"openid", "offline_access"}}
}

func TestAnOpenIDProviderByDiscovery(t *testing.T) {
	i := newIssuer(t)
	p := i.provider()
	address, err := p.AuthorizationURL(t.Context(), provider.Authorization{State: "s", RedirectURI: "https://b.example/", Challenge: "x", Nonce: "the-nonce", Scopes: []string{"openid"}})
	if err != nil || !strings.HasPrefix(address, issuerURL+"/authorize?") || !strings.Contains(address, "nonce=the-nonce") {
		t.Errorf("got %s, %v", address, err)
	}
	if origin, err := p.Origin(t.Context()); err != nil || origin != issuerURL {
		t.Errorf("origin %q, %v", origin, err)
	}
	g, err := p.Redeem(t.Context(), brought())
	if err != nil || g.Name != "jane" || g.IDToken.Empty() || strings.Join(g.Scopes, " ") != "openid offline_access" {
		t.Fatalf("got %+v, %v", g, err)
	}
	if name, err := p.Profile(t.Context(), g); name != "Jane Doe" || err != nil {
		t.Errorf("profile %q, %v", name, err)
	}
	newer, err := p.Refresh(t.Context(), g)
	if err != nil || newer.Name != "jane" || newer.IDToken != g.IDToken {
		t.Errorf("got %+v, %v", newer, err)
	}
	if !p.Revokes(t.Context()) || p.Revoke(t.Context(), g) != nil || strings.Join(i.revoked, " ") !=
		"token=the-refresh&token_type_hint=refresh_token token=the-access&token_type_hint=access_token" {
		t.Errorf("revoked %v", i.revoked)
	}
	without := brought()
	without.Scopes = []string{"other"}
	none := ""
	i.idToken = &none
	if g, err := p.Redeem(t.Context(), without); err != nil || g.Name != "" || !g.IDToken.Empty() {
		t.Errorf("no ID token was asked for: %+v, %v", g, err)
	}
}

func TestAnswersThatAnOpenIDProviderDidNotGive(t *testing.T) {
	bad, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*issuer)
		answer provider.Answer
		want   provider.Kind
	}{
		"another issuer":    {nil, brought("iss", "https://evil.example"), provider.Request},
		"iss is missing":    {nil, brought("iss", ""), provider.Request},
		"an error from it":  {nil, brought("iss", "https://evil.example", "error", "access_denied"), provider.Request},
		"an error":          {nil, brought("error", "access_denied"), provider.Denied},
		"no ID token":       {func(i *issuer) { none := ""; i.idToken = &none }, brought(), provider.Malformed},
		"another signature": {func(i *issuer) { s := i.sign(bad); i.idToken = &s }, brought(), provider.Malformed},
		"another login":     {func(i *issuer) { i.claims["nonce"] = "x" }, brought(), provider.Malformed},
		"another audience":  {func(i *issuer) { i.claims["aud"] = "x" }, brought(), provider.Malformed},
		"expired":           {func(i *issuer) { i.claims["exp"] = now.Unix() - 61 }, brought(), provider.Malformed},
		"down":              {func(i *issuer) { i.down = true }, brought(), provider.Unavailable},
		"foreign metadata":  {func(i *issuer) { i.metadata["issuer"] = "https://evil.example" }, brought("iss", ""), provider.Configuration},
		"endpoint elsewhere": {func(i *issuer) { i.metadata["token_endpoint"] = "https://evil.example/token" }, brought(),
			provider.Configuration},
	} {
		i := newIssuer(t)
		if c.change != nil {
			c.change(i)
		}
		_, err := i.provider().Redeem(t.Context(), c.answer)
		if provider.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// An ID token that was not asked for is not believed unseen either.
func TestAnIDTokenThatWasNotAskedFor(t *testing.T) {
	i := newIssuer(t)
	i.claims["aud"] = "somebody else"
	a := brought()
	a.Scopes = []string{"other"}
	_, err := i.provider().Redeem(t.Context(), a)
	kind(t, err, provider.Malformed)

	s := settings("acme")
	s.AuthorizationEndpoint, s.TokenEndpoint = issuerURL+"/authorize", issuerURL+"/token"
	g, err := newProvider(t, s, provider.Parts{Fetch: i}).Redeem(t.Context(), a)
	if err != nil || !g.IDToken.Empty() || g.Name != "" {
		t.Errorf("without an issuer nothing can be verified, and nothing is kept: %+v, %v", g, err)
	}
}

func TestRevocationAnswers(t *testing.T) {
	for _, c := range []struct {
		answer *http.Response
		want   provider.Kind
	}{
		{reply(200, "", ""), ""},
		{reply(204, "", ""), ""},
		{reply(400, "application/json", `{"error":"invalid_token"}`), ""},
		{reply(400, "application/json", `{"error":"unsupported_token_type"}`), ""},
		{reply(400, "application/json", `{"error":"invalid_request"}`), provider.Malformed},
		{reply(401, "application/json", `{"error":"invalid_client"}`), provider.Configuration},
		{reply(503, "", ""), provider.Unavailable},
		{reply(302, "", "", "Location", "https://evil.example"), provider.Malformed},
	} {
		asked := 0
		body, err := io.ReadAll(c.answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		p := newProvider(t, settings("google"), provider.Parts{Fetch: transport(func(r *http.Request) (*http.Response, error) {
			asked++
			if r.URL.String() != "https://oauth2.googleapis.com/revoke" {
				t.Errorf("asked for %s", r.URL)
			}
			c.answer.Body = io.NopCloser(strings.NewReader(string(body)))
			return c.answer, nil
		})})
		kind(t, p.Revoke(t.Context(), &provider.Grant{Access: secret.New("a"), Refresh: secret.New("r")}), c.want)
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
	}
}
