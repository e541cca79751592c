package core_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core"
	"gatehouse/core/config"
	"gatehouse/core/kv"
)

// issuer is a provider and the application at once: it publishes the key, answers
// introspections by asked, and counts what reaches the application.
type issuer struct {
	key   *rsa.PrivateKey
	asked []url.Values
	// introspection is the answer about every token; nil is a robot's.
	introspection map[string]any
	user          string // X-Forwarded-User of the last request that was forwarded
	reached       int
	// proofs are the client's assertions at the endpoints of a login.
	proofs []string
}

func newIssuer(t testing.TB) *issuer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{key: key}
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	var answer any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		const at = "https://issuer.example"
		answer = map[string]string{"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token",
			"jwks_uri": at + "/jwks", "introspection_endpoint": at + "/introspect",
			"pushed_authorization_request_endpoint": at + "/par"}
	case "/jwks":
		answer = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: "k", Algorithm: "RS256", Use: "sig"}}}
	case "/par":
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		i.proofs = append(i.proofs, form.Get("client_assertion"))
		if form.Has("client_secret") || r.Header.Get("Authorization") != "" || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			return nil, errors.New("the client proves itself in another way")
		}
		return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"request_uri":"urn:x","expires_in":60}`))}, nil
	case "/introspect":
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		i.asked = append(i.asked, form)
		if answer = i.introspection; i.introspection == nil {
			answer = map[string]any{"active": true, "sub": "robot", "aud": settings["CLIENT_ID"]}
		}
	default:
		return nil, errors.New("unexpected request")
	}
	body, err := json.Marshal(answer)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body))}, err
}

func (i *issuer) Forward(w http.ResponseWriter, out *http.Request, edit func(int, http.Header)) error {
	i.reached++
	i.user = out.Header.Get("X-Forwarded-User")
	edit(http.StatusOK, w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

// sign makes a JWT of the given typ, valid unless change says otherwise.
func (i *issuer) sign(t testing.TB, typ string, change map[string]any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{"iss": "https://issuer.example", "aud": settings["CLIENT_ID"], "sub": "robot", "client_id": "cli", "iat": now, "exp": now + 300, "scope": "read"}
	for name, v := range change {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	payload, _ := json.Marshal(claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// gateway assembles a gateway in front of the issuer; further are settings in turns.
func (i *issuer) gateway(t *testing.T, further ...string) *core.Gateway {
	t.Helper()
	c, err := core.LoadConfig(func(name string) (string, bool) {
		for n := 0; n+1 < len(further); n += 2 {
			if further[n] == name {
				return further[n+1], true
			}
		}
		return lookup(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	g, err := core.New(c, core.Platform{KV: &kv.Memory{}, Fetch: i, Forward: i})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func call(g *core.Gateway, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "https://app.example.com/x", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func TestJWTAccessTokensAreVerifiedByTheProvidersKeys(t *testing.T) {
	i := newIssuer(t)
	g := i.gateway(t, "BEARER_TOKENS", "jwt", "REQUIRED_SCOPES", "read")
	if w := call(g, i.sign(t, "at+jwt", nil)); w.Code != http.StatusOK || i.user != "robot" {
		t.Errorf("status %d, user %q", w.Code, i.user)
	}
	i.reached = 0
	foreign := newIssuer(t)
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"ID token":           {i.sign(t, "JWT", nil), 401},
		"another audience":   {i.sign(t, "at+jwt", map[string]any{"aud": "other"}), 401},
		"another issuer":     {i.sign(t, "at+jwt", map[string]any{"iss": "https://other.example"}), 401},
		"expired":            {i.sign(t, "at+jwt", map[string]any{"exp": time.Now().Unix() - 120}), 401},
		"without expiry":     {i.sign(t, "at+jwt", map[string]any{"exp": nil}), 401},
		"bound to a key":     {i.sign(t, "at+jwt", map[string]any{"cnf": map[string]any{"jkt": "x"}}), 401},
		"signed by another":  {foreign.sign(t, "at+jwt", nil), 401},
		"opaque":             {"opaque", 401},
		"scope not granted":  {i.sign(t, "at+jwt", map[string]any{"scope": "write"}), 403},
		"scope not a string": {i.sign(t, "at+jwt", map[string]any{"scope": []string{"read"}}), 401},
	} {
		if w := call(g, test.token); w.Code != test.status || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer error=") {
			t.Errorf("%s: status %d, want %d, challenge %q", name, w.Code, test.status, w.Header().Get("WWW-Authenticate"))
		}
	}
	if i.reached != 0 || len(i.asked) != 0 {
		t.Errorf("%d bad tokens reached the application, %d were asked about", i.reached, len(i.asked))
	}
}

func TestAKeyFileProvesTheClientToTheIntrospectionEndpoint(t *testing.T) {
	i := newIssuer(t)
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(i.key)})
	file, _ := json.Marshal(map[string]string{"type": "application", "keyId": "k", "key": string(text), "clientId": settings["CLIENT_ID"], "appId": "1"})
	g := i.gateway(t, "BEARER_TOKENS", "introspection", "CLIENT_AUTH", "private_key_jwt", "CLIENT_SECRET", "", "CLIENT_KEY", string(file))
	if w := call(g, "opaque"); w.Code != http.StatusOK || i.user != "robot" || len(i.asked) != 1 {
		t.Fatalf("status %d, user %q, %d questions", w.Code, i.user, len(i.asked))
	}
	form := i.asked[0]
	if form.Get("token") != "opaque" || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Has("client_secret") {
		t.Errorf("asked with %v", form)
	}
	jws, err := jose.ParseSignedCompact(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Verify(&i.key.PublicKey); err != nil {
		t.Error(err)
	}
}

// A provider may accept each assertion once (OpenID Connect Core 1.0, section 9), and a login
// takes several.
func TestEachRequestOfALoginHasAnAssertionOfItsOwn(t *testing.T) {
	i := newIssuer(t)
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(i.key)})
	file, _ := json.Marshal(map[string]string{"type": "application", "keyId": "k", "key": string(text), "clientId": settings["CLIENT_ID"], "appId": "1"})
	g := i.gateway(t, "PAR", "on", "CLIENT_AUTH", "private_key_jwt", "CLIENT_SECRET", "", "CLIENT_KEY", string(file))
	seen := map[string]bool{}
	for n := range 2 {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest("GET", "https://app.example.com/login/authorize", nil))
		location, _ := url.Parse(w.Header().Get("Location"))
		if w.Code != http.StatusSeeOther || location.Query().Get("request_uri") != "urn:x" || len(i.proofs) != n+1 {
			t.Fatalf("status %d, to %s, %d requests", w.Code, location, len(i.proofs))
		}
		jws, err := jose.ParseSignedCompact(i.proofs[n], []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := jws.Verify(&i.key.PublicKey)
		var claims struct {
			Issuer   string `json:"iss"`
			Subject  string `json:"sub"`
			Audience string `json:"aud"`
			ID       string `json:"jti"`
			IssuedAt int64  `json:"iat"`
			Expiry   int64  `json:"exp"`
		}
		if err != nil || json.Unmarshal(payload, &claims) != nil {
			t.Fatal(err, string(payload))
		}
		if claims.Issuer != settings["CLIENT_ID"] || claims.Subject != claims.Issuer || claims.Audience != "https://issuer.example" ||
			claims.Expiry <= claims.IssuedAt || claims.Expiry > claims.IssuedAt+3600 || claims.ID == "" || seen[claims.ID] {
			t.Errorf("got %+v", claims)
		}
		seen[claims.ID] = true
	}
}

func TestAKeyFileThatIsNoneIsNamedAndNotShown(t *testing.T) {
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	der, _ := x509.MarshalPKCS8PrivateKey(p384)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	curve, _ := json.Marshal(map[string]string{"type": "application", "keyId": "k", "key": string(text), "clientId": "c"})
	for _, file := range []string{string(curve), "canary", `{"type":"serviceaccount","key":"canary"}`, `{"type":"application","keyId":"1","clientId":"c","key":"canary"}`} {
		c, err := core.LoadConfig(func(name string) (string, bool) {
			switch name {
			case "CLIENT_AUTH":
				return "private_key_jwt", true
			case "CLIENT_KEY":
				return file, true
			case "CLIENT_SECRET":
				return "", false
			}
			return lookup(name)
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = core.New(c, core.Platform{KV: &kv.Memory{}, Fetch: offline{}, Forward: offline{}})
		var mistakes config.Errors
		if !errors.As(err, &mistakes) || mistakes[0].Name != "CLIENT_KEY" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: error %v", file, err)
		}
		if file == string(curve) && !strings.Contains(err.Error(), "RSA, P-256 or Ed25519") {
			t.Errorf("the kinds of keys are not named: %v", err)
		}
	}
}
