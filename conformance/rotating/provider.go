// Package rotating is an OpenID provider with refresh token rotation and reuse detection
// (RFC 9700 section 4.14.2): each refresh gives a new refresh token, and one that is used
// twice ends its grant. It is for tests of who redeems how often, and counts.
//
// It logs everybody in at once, as the user alice, and checks no client.
package rotating

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Provider answers for its issuer. It is safe for concurrent use; its fields are set
// before the first request.
type Provider struct {
	Issuer, ClientID string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// First is the life of the access token of a login, in whole seconds; those of
	// refreshes live an hour.
	First time.Duration
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
	counts Counts
}

// Counts is what has happened.
type Counts struct {
	// Logins and Redeemed are the grants and the refreshes; Reused the refresh tokens that
	// came again.
	Logins, Redeemed, Reused int
}

type grant struct {
	refresh  string // the one that is valid; "" when the grant has ended
	previous string // the one that it replaced
}

// New returns a provider with a new key.
func New(clientID string) (*Provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	private := jose.JSONWebKey{Key: key, KeyID: "k", Use: "sig", Algorithm: "RS256"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private}, nil)
	if err != nil {
		return nil, err
	}
	return &Provider{
		ClientID: clientID, signer: signer, keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}},
		nonces: map[string]string{}, grants: map[string]*grant{}, access: map[string]*grant{},
	}, nil
}

// Counts returns what has happened so far.
func (p *Provider) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Live reports whether accessToken is of a grant that has not ended.
func (p *Provider) Live(accessToken string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.access[accessToken]
	return g != nil && g.refresh != ""
}

func (p *Provider) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(w, http.StatusOK, map[string]any{
			"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token", "jwks_uri": p.Issuer + "/jwks",
			"response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{"RS256"}})
	case "/jwks":
		answer(w, http.StatusOK, p.keys)
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

// token is the token endpoint.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	life, g := time.Hour, &grant{}
	claims := map[string]any{"iss": p.Issuer, "sub": "alice", "aud": p.ClientID, "iat": p.now().Unix(), "exp": p.now().Add(time.Hour).Unix()}
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		nonce, ok := p.nonces[r.PostFormValue("code")]
		if !ok {
			refuse(w)
			return
		}
		delete(p.nonces, r.PostFormValue("code"))
		life, claims["nonce"] = p.First, nonce
		p.counts.Logins++
	case "refresh_token":
		old := r.PostFormValue("refresh_token")
		g = p.grants[old]
		again := g != nil && g.refresh != "" && g.previous == old
		if again {
			p.counts.Reused++
		}
		if g == nil || g.refresh != old && !(again && p.Grace) {
			if g != nil {
				g.refresh = ""
			}
			if !again {
				p.counts.Reused++
			}
			refuse(w)
			return
		}
		p.counts.Redeemed++
		g.previous = old
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
	accessToken := rand.Text()
	g.refresh = rand.Text()
	p.grants[g.refresh], p.access[accessToken] = g, g
	if p.Redeeming != nil {
		p.Redeeming()
	}
	answer(w, http.StatusOK, map[string]any{
		"access_token": accessToken, "token_type": "Bearer", "expires_in": int(life / time.Second), "refresh_token": g.refresh, "id_token": compact})
}

func refuse(w http.ResponseWriter) {
	answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
