//go:build runtimes

package runtimes

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// holder has a key that tokens are bound to. Its proofs are another library's than the
// gateway's.
type holder struct{ key *ecdsa.PrivateKey }

func newHolder(t *testing.T) holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return holder{key}
}

// proof is one of the key for a request (RFC 9449, section 4.2); token is "" where there
// is none.
func (h holder) proof(t *testing.T, method, address, token string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: h.key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": address, "iat": time.Now().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func (h holder) thumbprint(t *testing.T) string {
	t.Helper()
	sum, err := (&jose.JSONWebKey{Key: h.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// present sends a token with a proof.
func (d *deployment) present(t *testing.T, token, proof string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, d.app+"/api/echo?q=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "DPoP "+token)
	r.Header.Set("DPoP", proof)
	return d.send(t, r)
}

// Tokens that a provider bound to a client's key, opaque ones and JWTs, open the
// application with a proof of the key, once each, and not otherwise.
func TestOIDCProviderBoundTokens(t *testing.T) {
	for _, c := range []struct{ verified, resource string }{{"introspection", ""}, {"jwt", "urn:jwt:api"}} {
		t.Run(c.verified, func(t *testing.T) {
			d := deploy(t, map[string]string{"BEARER_TOKENS": c.verified, "DPOP": "allowed", "AUDIENCES": oidcProgram + "," + c.resource})
			owner, thief, address := newHolder(t), newHolder(t), d.app+"/api/echo"
			plain := d.provider.userTokens(t, oidcProgram, "openid read", c.resource).Access
			d.provider.prove = func(method, address string) string { return owner.proof(t, method, address, "") }
			bound := d.provider.userTokens(t, oidcProgram, "openid read", c.resource).Access
			d.provider.prove = nil
			if c.resource == "" {
				said := d.provider.introspect(t, bound)
				if cnf, _ := said["cnf"].(map[string]any); cnf["jkt"] != owner.thumbprint(t) || said["token_type"] != "DPoP" {
					t.Errorf("the provider says %v", said)
				}
			}

			good := owner.proof(t, http.MethodGet, address, bound)
			a := d.present(t, bound, good)
			if a.status != http.StatusOK || a.seen.Get("X-Forwarded-User") != "alice" || a.seen.Get("DPoP") != "" || a.seen.Get("Authorization") != "" {
				t.Errorf("bound token with its proof: %v, %v", a, a.seen)
			}
			if a := d.present(t, bound, good); a.status != http.StatusUnauthorized || a.code != "invalid_dpop_proof" || a.seen != nil {
				t.Errorf("the same proof again: %v %s", a, a.code)
			}
			if a := d.present(t, bound, thief.proof(t, http.MethodGet, address, bound)); a.status != http.StatusUnauthorized || a.code != "invalid_token" || a.seen != nil {
				t.Errorf("proof of another key: %v %s", a, a.code)
			}
			if a := d.call(t, bound); a.status != http.StatusUnauthorized || a.code != "invalid_token" || a.seen != nil {
				t.Errorf("bound token as a bearer token: %v %s", a, a.code)
			}
			if a := d.present(t, plain, owner.proof(t, http.MethodGet, address, plain)); a.status != http.StatusUnauthorized || a.code != "invalid_token" || a.seen != nil {
				t.Errorf("plain token with a proof: %v %s", a, a.code)
			}
			d.admitted(t, "plain token", plain, "alice")
		})
	}
}
