package oidc

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/egress"
	"gatehouse/core/kv"
	"gatehouse/core/pkce"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
)

// What the tests' provider and client are.
const (
	testIssuer   = "https://op.example.com"
	testClient   = "78366401571920522@amce"
	testSecret   = "veryweaksecret!"
	testRedirect = "https://app.example.com/login/callback"
	testNonce    = "n-0S6_WzA2Mj"
	testCode     = "SplxlOBeZQQYbYS6WxSbIA"
	testAccess   = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
	testRefresh  = "8xLOxBtZp8"
	testNow      = 1800000000
)

var testVerifier = must(pkce.ParseVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Signing keys, made once: RSA takes long.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaOther = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	ec384    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	ec521    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		return must(k, err)
	})
)

// signer is a private key as the provider uses it.
type signer struct {
	kid string
	alg jose.SignatureAlgorithm
	key any
}

func (s signer) public() jose.JSONWebKey {
	k := jose.JSONWebKey{Key: s.key, KeyID: s.kid, Use: "sig"}
	return k.Public()
}

// sign makes a compact JWS with the given header members besides alg and kid.
func (s signer) sign(t testing.TB, header map[string]any, payload []byte) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for name, value := range header {
		o.WithHeader(jose.HeaderKey(name), value)
	}
	if s.kid != "" {
		o.WithHeader("kid", s.kid)
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.key}, o)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := made.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	return must(jws.CompactSerialize())
}

func answer(status int, contentType, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}
}

func jsonAnswer(v any) *http.Response {
	return answer(http.StatusOK, "application/json", string(must(json.Marshal(v))))
}

// fake is a provider, its network and a clock. A test changes its fields between
// calls.
type fake struct {
	t        testing.TB
	mu       sync.Mutex
	now      time.Time
	asked    map[string]int
	last     map[string]*http.Request // with the body read
	bodies   map[string]string
	override map[string]func(*http.Request) (*http.Response, error)
	log      bytes.Buffer

	metadata  map[string]any
	published []signer
	signer    signer
	header    map[string]any
	claims    map[string]any
	info      map[string]any
	idToken   string // instead of claims
}

func newFake(t testing.TB) *fake {
	key := signer{"k1", jose.RS256, rsaKey()}
	return &fake{
		t: t, now: time.Unix(testNow, 0), asked: map[string]int{}, last: map[string]*http.Request{}, bodies: map[string]string{},
		override: map[string]func(*http.Request) (*http.Response, error){},
		metadata: baseMetadata(), published: []signer{key}, signer: key,
		claims: baseClaims(), info: map[string]any{"sub": "248289761001", "email": "janedoe@example.com"},
	}
}

func baseMetadata() map[string]any {
	return map[string]any{
		"issuer":                                testIssuer,
		"authorization_endpoint":                testIssuer + "/authorize",
		"token_endpoint":                        testIssuer + "/token",
		"jwks_uri":                              testIssuer + "/keys",
		"userinfo_endpoint":                     testIssuer + "/userinfo",
		"end_session_endpoint":                  testIssuer + "/end_session",
		"response_types_supported":              []string{"code", "id_token"},
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "EdDSA"},
		"code_challenge_methods_supported":      []string{"S256"},
	}
}

func baseClaims() map[string]any {
	return map[string]any{
		"iss": testIssuer, "sub": "248289761001", "aud": testClient,
		"exp": testNow + 300, "iat": testNow, "nonce": testNonce,
	}
}

// with returns base with changes; a nil value removes the member.
func with(base map[string]any, changes map[string]any) map[string]any {
	all := maps.Clone(base)
	for name, value := range changes {
		if value == nil {
			delete(all, name)
		} else {
			all[name] = value
		}
	}
	return all
}

func (f *fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fake) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// fail makes the path answer with a status.
func (f *fake) fail(path string, status int) {
	f.override[path] = func(*http.Request) (*http.Response, error) { return answer(status, "text/plain", "no"), nil }
}

// Write makes the fake the destination of the log.
func (f *fake) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(p)
}

func (f *fake) keySet() map[string]any {
	keys := []jose.JSONWebKey{}
	for _, s := range f.published {
		keys = append(keys, s.public())
	}
	return map[string]any{"keys": keys}
}

func (f *fake) token() string {
	if f.idToken != "" {
		return f.idToken
	}
	return f.signer.sign(f.t, f.header, must(json.Marshal(f.claims)))
}

// RoundTrip implements http.RoundTripper.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	path := r.URL.Path
	f.mu.Lock()
	f.asked[path]++
	f.last[path] = r
	if r.Body != nil {
		f.bodies[path] = string(must(io.ReadAll(r.Body)))
	}
	override := f.override[path]
	f.mu.Unlock()
	if override != nil {
		return override(r)
	}
	switch path {
	case "/.well-known/openid-configuration":
		return jsonAnswer(f.metadata), nil
	case "/keys":
		return jsonAnswer(f.keySet()), nil
	case "/token":
		return jsonAnswer(map[string]any{
			"access_token": testAccess, "token_type": "Bearer", "expires_in": 3600,
			"refresh_token": testRefresh, "id_token": f.token(),
		}), nil
	case "/userinfo":
		return jsonAnswer(f.info), nil
	}
	return answer(http.StatusNotFound, "text/plain", "not found"), nil
}

// options of a client of the fake; edit may be nil.
func (f *fake) options(edit func(*Options)) Options {
	o := Options{
		Issuer: testIssuer, ClientID: testClient, ClientSecret: secret.New(testSecret),
		Scopes: []string{"openid", "email"}, ClockSkew: 30 * time.Second, GroupsClaim: "groups",
		Egress: &egress.Client{Transport: f, Hosts: []string{"op.example.com"}, Timeout: 5 * time.Second, MaxBody: 1 << 20},
		Now:    f.Now, Log: slog.New(slog.NewTextHandler(f, nil)),
	}
	if edit != nil {
		edit(&o)
	}
	return o
}

func (f *fake) provider(edit func(*Options)) *Provider { return New(f.options(edit)) }

func redeem(p *Provider) (*Login, error) {
	return p.Redeem(context.Background(), Redemption{Code: testCode, RedirectURI: testRedirect, Nonce: testNonce, Verifier: testVerifier})
}

// testStore is a store over driver; nil means a new memory.
func testStore(f *fake, driver kv.Driver) *kv.Store {
	if driver == nil {
		driver = &kv.Memory{Now: f.Now}
	}
	return kv.NewStore(driver, must(seal.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))), f.Now)
}

// vectors reads a file of testdata; a field that the test does not know is fatal.
func vectors[T any](t testing.TB, name string) []T {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(must(os.ReadFile("testdata/" + name))))
	d.DisallowUnknownFields()
	var all []T
	if err := d.Decode(&all); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	if len(all) == 0 {
		t.Fatal(name + " is empty")
	}
	return all
}
