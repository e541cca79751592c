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
// again ends its grant (RFC 9700, section 4.14.2). It is safe for concurrent use; its
// fields are set before the first request.
type Provider struct {
	// Address is the issuer. Whoever serves the provider somewhere else sets it before.
	Address string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Grace takes a refresh token a second time as long as the one that replaced it has
	// not been used.
	Grace bool
	// Redeeming, unless nil, is called when a code or a refresh token is redeemed, before
	// the answer goes out. It must not call the provider.
	Redeeming func()

	signer jose.Signer
	keys   jose.JSONWebKeySet

	mu     sync.Mutex
	nonces map[string]string // by code
	grants map[string]*grant // by refresh token, used ones included
	access map[string]*grant // by access token
	latest string            // access token
	counts Counts
	until  <-chan struct{} // is what refreshes wait for, unless nil
}

// Counts is what has happened.
type Counts struct {
	// Logins and Redeemed are the grants and the refreshes; Reused the refresh tokens that
	// came again.
	Logins, Redeemed, Reused int
}

// grant is what the tokens of a login stand for.
type grant struct {
	refresh  string // the one that is valid; "" when the grant has ended
	previous string // the one that it replaced
}

// New returns a provider with a new key, which nobody serves yet.
func New(t testing.TB) *Provider {
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
	return &Provider{
		signer: signer, keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}},
		nonces: map[string]string{}, grants: map[string]*grant{}, access: map[string]*grant{},
	}
}

// Serve runs a provider on 127.0.0.1 until t ends.
func Serve(t testing.TB) *Provider {
	t.Helper()
	p := New(t)
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
		"PASS_ACCESS_TOKEN": "true", "USERINFO_CLAIMS": "none", "PUBLIC_PATHS": landing, "LOGINS_PER_MINUTE": "10000",
	}
}

// Metadata is a copy of what the provider says of itself.
func (p *Provider) Metadata() map[string]any {
	return map[string]any{"issuer": p.Address, "authorization_endpoint": p.Address + "/authorize", "token_endpoint": p.Address + "/token",
		"jwks_uri": p.Address + "/jwks", "response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{"RS256"}}
}

// Counts returns what has happened so far.
func (p *Provider) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Latest is the access token of the last refresh or login.
func (p *Provider) Latest() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

// Live reports whether accessToken is of a grant that has not ended.
func (p *Provider) Live(accessToken string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.access[accessToken]
	return g != nil && g.refresh != ""
}

// Unused returns the refresh tokens that can be redeemed.
func (p *Provider) Unused() (tokens []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token, g := range p.grants {
		if g.refresh == token {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// hold makes refreshes wait for a channel.
func (p *Provider) hold(until <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = until
}

func (p *Provider) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
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

// token is the token endpoint.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	life, g := 3600, &grant{}
	claims := map[string]any{"iss": p.Address, "sub": "alice", "aud": client, "iat": p.now().Unix(), "exp": p.now().Add(time.Hour).Unix()}
	switch r.FormValue("grant_type") {
	case "authorization_code":
		nonce, ok := p.nonces[r.FormValue("code")]
		if !ok {
			refuse(w)
			return
		}
		delete(p.nonces, r.FormValue("code"))
		life, claims["nonce"] = 0, nonce
		p.counts.Logins++
	case "refresh_token":
		if g = p.redeem(r.FormValue("refresh_token")); g == nil {
			refuse(w)
			return
		}
	default:
		refuse(w)
		return
	}
	payload, _ := json.Marshal(claims)
	signed, err := p.signer.Sign(payload)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	compact, _ := signed.CompactSerialize()
	p.latest, g.refresh = rand.Text(), rand.Text()
	p.grants[g.refresh], p.access[p.latest] = g, g
	if p.Redeeming != nil {
		p.Redeeming()
	}
	answer(w, map[string]any{"access_token": p.latest, "token_type": "Bearer", "expires_in": life, "refresh_token": g.refresh, "id_token": compact})
}

// redeem uses a refresh token up and returns its grant; nil for one that is refused.
func (p *Provider) redeem(token string) *grant {
	g := p.grants[token]
	switch {
	case g == nil || g.refresh == "":
		return nil
	case g.refresh == token:
	case p.Grace && g.previous == token:
		p.counts.Reused++
	default:
		p.counts.Reused++
		g.refresh = ""
		return nil
	}
	p.counts.Redeemed++
	g.previous = token
	return g
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
