package conformance

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/url"
	"testing"
	"time"
)

// TestClientAssertionsAreVerified: the line "assertion" fails for what is not the client's proof.
func TestClientAssertionsAreVerified(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(signingKeys["es1"]())
	if err != nil {
		t.Fatal(err)
	}
	file, _ := json.Marshal(map[string]string{"keyId": "k", "key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
	if _, public, err := clientKey(string(file)); err != nil || !public.(interface{ Equal(crypto.PublicKey) bool }).Equal(signingKeys["es1"]().Public()) {
		t.Fatalf("key %v, error %v", public, err)
	}
	now := time.Unix(1800000000, 0)
	s := &scope{
		now: func() time.Time { return now }, secrets: &canary{secrets: map[string]watched{}},
		config: map[string]string{"CLIENT_KEY": string(file), "CLIENT_ID": "c", "AUTH_SERVER_URL": "https://op.example.com"},
	}
	for _, c := range []struct {
		name, header, key string
		changes           map[string]any
		ok                bool
	}{
		{"good", `{"alg":"ES256","kid":"k"}`, "es1", nil, true},
		{"another algorithm", `{"alg":"RS256","kid":"k"}`, "k1", nil, false},
		{"another kind of key", `{"alg":"ES256","kid":"k"}`, "ed1", nil, false},
		{"no signature", `{"alg":"ES256","kid":"k"}`, "none", nil, false},
		{"another kid", `{"alg":"ES256","kid":"x"}`, "es1", nil, false},
		{"another client", `{"alg":"ES256","kid":"k"}`, "es1", map[string]any{"iss": "x"}, false},
		{"another subject", `{"alg":"ES256","kid":"k"}`, "es1", map[string]any{"sub": "x"}, false},
		{"another audience", `{"alg":"ES256","kid":"k"}`, "es1", map[string]any{"aud": "https://x.example"}, false},
		{"expired", `{"alg":"ES256","kid":"k"}`, "es1", map[string]any{"exp": now.Unix()}, false},
		{"too long", `{"alg":"ES256","kid":"k"}`, "es1", map[string]any{"exp": now.Unix() + 3601}, false},
		{"no id", `{"alg":"ES256","kid":"k"}`, "es1", map[string]any{"jti": ""}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := map[string]any{"iss": "c", "sub": "c", "aud": "https://op.example.com", "exp": now.Unix() + 600, "jti": "1"}
			maps.Copy(claims, c.changes)
			payload, _ := json.Marshal(claims)
			token, err := compact([]byte(c.header), payload, "ES256", c.key)
			if err != nil {
				t.Fatal(err)
			}
			err = matchClientAssertion(s, "ES256", url.Values{"client_assertion": {token}}.Encode())
			if (err == nil) != c.ok {
				t.Errorf("error %v", err)
			}
		})
	}
	if matchClientAssertion(s, "ES256", "client_id=c") == nil {
		t.Error("a form without an assertion passes")
	}
}
