// Package rotation is what many requests meet that find the access token of their
// session expired: an OpenID provider that gives a new refresh token with each refresh
// and notices when one is used twice, and what has to be true of the answers, whatever
// the gateway runs on.
package rotation

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The client that the gateway is.
const (
	client = "gatehouse"
	secret = "a-secret-of-the-rotation-tests-0123456789"
)

// Provider logs everybody in as alice, without a question. The access tokens of logins
// have expired at once, those of refreshes live for an hour. A refresh token that is used
// again ends its grant (RFC 9700, section 4.14.2).
type Provider struct {
	// Address is the issuer. Whoever serves the provider somewhere else sets it before.
	Address string

	signer jose.Signer
	keys   jose.JSONWebKeySet

	mu       sync.Mutex
	nonces   map[string]string // by code
	tokens   map[string]*refreshToken
	latest   string // access token
	redeemed int
	reused   int
	until    <-chan struct{} // is what refreshes wait for, unless nil
}

// refreshToken is one of a grant.
type refreshToken struct {
	grant *grant
	used  bool
}

type grant struct{ ended bool }

// Serve runs a provider on 127.0.0.1 until t ends.
func Serve(t testing.TB) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := jose.JSONWebKey{Key: key, KeyID: "k", Use: "sig", Algorithm: "RS256"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{
		signer: signer, keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}},
		nonces: map[string]string{}, tokens: map[string]*refreshToken{},
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	p.Address = s.URL
	return p
}

// Settings are those of a gateway that the provider and [Application] are for.
func (p *Provider) Settings() map[string]string {
	return map[string]string{
		"AUTH_SERVER_URL": p.Address, "CLIENT_ID": client, "CLIENT_SECRET": secret, "SCOPES": "openid offline_access",
		"PASS_ACCESS_TOKEN": "true", "USERINFO_CLAIMS": "none", "PUBLIC_PATHS": landing, "LOGINS_PER_MINUTE": "1000",
	}
}

// Metadata is a copy of what the provider says of itself.
func (p *Provider) Metadata() map[string]any {
	return map[string]any{"issuer": p.Address, "authorization_endpoint": p.Address + "/authorize", "token_endpoint": p.Address + "/token",
		"jwks_uri": p.Address + "/jwks", "response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{"RS256"}}
}

// Unused returns the refresh tokens that can be redeemed.
func (p *Provider) Unused() (tokens []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token, t := range p.tokens {
		if !t.used && !t.grant.ended {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("grant_type") == "refresh_token" {
		p.wait(r.Context())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(w, p.Metadata())
	case "/jwks":
		answer(w, p.keys)
	case "/authorize":
		q, code := r.URL.Query(), rand.Text()
		p.nonces[code] = q.Get("nonce")
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	case "/token":
		p.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *Provider) wait(ctx context.Context) {
	p.mu.Lock()
	until := p.until
	p.mu.Unlock()
	if until == nil {
		return
	}
	select {
	case <-until:
	case <-ctx.Done():
	}
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	life, nonce, of := 3600, "", &grant{}
	switch r.FormValue("grant_type") {
	case "authorization_code":
		life, nonce = 0, p.nonces[r.FormValue("code")]
	case "refresh_token":
		old := p.tokens[r.FormValue("refresh_token")]
		if old != nil && old.used {
			p.reused++
			old.grant.ended = true
		}
		if old == nil || old.grant.ended {
			refuse(w)
			return
		}
		old.used, of = true, old.grant
		p.redeemed++
	default:
		refuse(w)
		return
	}
	claims := map[string]any{"iss": p.Address, "sub": "alice", "aud": client, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	payload, _ := json.Marshal(claims)
	signed, err := p.signer.Sign(payload)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	compact, _ := signed.CompactSerialize()
	next := rand.Text()
	p.tokens[next] = &refreshToken{grant: of}
	p.latest = rand.Text()
	answer(w, map[string]any{"access_token": p.latest, "token_type": "Bearer", "expires_in": life, "refresh_token": next, "id_token": compact})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
}
