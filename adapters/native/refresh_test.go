package native

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/config"
	"gatehouse/core/kv"
)

// rotating is a provider that gives a new refresh token with each refresh and ends the
// grant when one is used twice. The access tokens of logins have expired at once.
type rotating struct {
	address string
	signer  jose.Signer
	keys    jose.JSONWebKeySet

	mu       sync.Mutex
	nonces   map[string]string // by code
	valid    map[string]bool   // refresh tokens; false: used
	redeemed int
	reused   int
}

func newRotating(t *testing.T) *rotating {
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
	p := &rotating{signer: signer, keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}}, nonces: map[string]string{}, valid: map[string]bool{}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.address = s.URL
	return p
}

func (p *rotating) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.answer(w, map[string]any{"issuer": p.address, "authorization_endpoint": p.address + "/authorize", "token_endpoint": p.address + "/token",
			"jwks_uri": p.address + "/jwks", "response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{"RS256"}})
	case "/jwks":
		p.answer(w, p.keys)
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

func (p *rotating) token(w http.ResponseWriter, r *http.Request) {
	life, nonce := 3600, ""
	switch r.FormValue("grant_type") {
	case "authorization_code":
		life, nonce = 0, p.nonces[r.FormValue("code")]
	case "refresh_token":
		old := r.FormValue("refresh_token")
		if !p.valid[old] {
			p.reused++
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		p.valid[old] = false
		p.redeemed++
	}
	claims := map[string]any{"iss": p.address, "sub": "alice", "aud": testClient, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
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
	p.valid[next] = true
	p.answer(w, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": life, "refresh_token": next, "id_token": compact})
}

func (p *rotating) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// Two hundred requests at once find the access token expired: the refresh token is used
// once, all of them reach the application with the same new access token, and the
// session goes on. Fifty sessions, on both stores.
func TestTwoHundredRequestsAtTheMomentOfExpiry(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) kv.Driver{
		"memory": func(*testing.T) kv.Driver { return &kv.Memory{} },
		"bolt": func(t *testing.T) kv.Driver {
			b, err := OpenBolt(filepath.Join(t.TempDir(), "a.db"), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newRotating(t)
			application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Access-Token"))
			}))
			t.Cleanup(application.Close)
			var gateway http.Handler
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { gateway.ServeHTTP(w, r) }))
			t.Cleanup(front.Close)
			app := strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
			settings := map[string]string{
				"APP_URL": app, "DEV_MODE": "true", "AUTH_SERVER_URL": p.address, "CLIENT_ID": testClient, "CLIENT_SECRET": testSecret,
				"PROXY_TARGET": application.URL, "COOKIE_SECRET": cookieKey(), "PASS_ACCESS_TOKEN": "true", "SCOPES": "openid offline_access", "LOGINS_PER_MINUTE": "1000",
				"PUBLIC_PATHS": "/public", "USERINFO_CLAIMS": "none",
			}
			c, err := config.Load(func(name string) (string, bool) { v, ok := settings[name]; return v, ok })
			if err != nil {
				t.Fatal(err)
			}
			made, err := assemble(c, open(t), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(made.forward.Close)
			gateway = made.handler
			for n := 1; n <= 50; n++ {
				expire(t, p, app, n)
			}
		})
	}
}

// expire is the n-th session.
func expire(t *testing.T, p *rotating, app string, n int) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 200}
	defer transport.CloseIdleConnections()
	client := &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second}
	get := func(path string) (string, error) {
		res, err := client.Get(app + path)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", path, res.Status)
		}
		return string(body), err
	}
	if _, err := get("/login/authorize?return_to=/public"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	tokens := make([]string, 200)
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = get("/x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p.mu.Lock()
	redeemed, reused := p.redeemed, p.reused
	p.mu.Unlock()
	if redeemed != n || reused != 0 {
		t.Fatalf("session %d: %d redemptions in all, %d of them again", n, redeemed, reused)
	}
	later, err := get("/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if token == "" || token != later {
			t.Fatalf("session %d: an answer with another access token", n)
		}
	}
}
