package core_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/core"
	"gatehouse/core/kv"
	"gatehouse/core/session"
)

// BenchmarkRequest is a request for the application through the assembled gateway, by
// a session and by an access token of the same user. The provider and the application
// answer at once. DESIGN.md compares the figures.
//
// "memory" is a process that knows the caller, "store" one that knows nothing and finds
// everything in the store: a new gateway for each request, as on platforms that keep no
// memory. "neither" is a token that nobody has asked about yet; "jwt" one that is
// verified by the provider's keys.
func BenchmarkRequest(b *testing.B) {
	for name, bench := range map[string]func(*benchmark, *testing.B){
		"public/memory":  func(x *benchmark, b *testing.B) { x.kept(b, "off", "/public", nil) },
		"session/memory": func(x *benchmark, b *testing.B) { x.kept(b, "introspection", "/x", x.cookie) },
		"bearer/memory":  func(x *benchmark, b *testing.B) { x.kept(b, "introspection", "/x", x.opaque) },
		"jwt/memory":     func(x *benchmark, b *testing.B) { x.kept(b, "jwt", "/x", x.jwt) },
		"public/store":   func(x *benchmark, b *testing.B) { x.fresh(b, "off", "/public", nil) },
		"session/store":  func(x *benchmark, b *testing.B) { x.fresh(b, "introspection", "/x", x.cookie) },
		"bearer/store":   func(x *benchmark, b *testing.B) { x.fresh(b, "introspection", "/x", x.opaque) },
		"jwt/store":      func(x *benchmark, b *testing.B) { x.fresh(b, "jwt", "/x", x.jwt) },
		"bearer/neither": (*benchmark).cold,
	} {
		b.Run(name, func(b *testing.B) { bench(newBenchmark(b), b) })
	}
}

// benchmark is what the gateways of one benchmark share.
type benchmark struct {
	*issuer
	store *kv.Memory
	// user is what the provider says of the caller, in the session and of a token.
	user map[string]any
}

func newBenchmark(b *testing.B) *benchmark {
	x := &benchmark{issuer: newIssuer(b), store: &kv.Memory{}, user: map[string]any{
		"sub": "100000000000000001", "name": "Alice Archer", "preferred_username": "alice",
		"email": "alice@example.com", "email_verified": true, "groups": []string{"staff"}, "locale": "en",
	}}
	x.introspection = map[string]any{"active": true, "aud": []string{settings["CLIENT_ID"]}, "client_id": "cli",
		"exp": time.Now().Unix() + 3600, "scope": "openid profile email", "token_type": "Bearer"}
	for name, value := range x.user {
		x.introspection[name] = value
	}
	return x
}

// config loads a configuration in which access tokens are verified by the method.
func (x *benchmark) config(b *testing.B, method string) *core.Config {
	c, err := core.LoadConfig(func(name string) (string, bool) {
		switch name {
		case "BEARER_TOKENS":
			return method, true
		case "PUBLIC_PATHS":
			return "/public", true
		}
		return lookup(name)
	})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// new makes a gateway over the store.
func (x *benchmark) new(b *testing.B, c *core.Config) *core.Gateway {
	g, err := core.New(c, core.Platform{KV: x.store, Fetch: x, Forward: x})
	if err != nil {
		b.Fatal(err)
	}
	return g
}

// credentials adds what says who asks; nil adds nothing.
type credentials func(*testing.B, *core.Gateway, *http.Request)

func (x *benchmark) cookie(b *testing.B, g *core.Gateway, r *http.Request) {
	var who core.Identity
	text, _ := json.Marshal(x.user)
	if err := json.Unmarshal(text, &who); err != nil {
		b.Fatal(err)
	}
	who.Issuer = settings["AUTH_SERVER_URL"]
	beginSession(b, g, who, r)
}

func (x *benchmark) opaque(_ *testing.B, _ *core.Gateway, r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+strings.Repeat("o", 90))
}

func (x *benchmark) jwt(b *testing.B, _ *core.Gateway, r *http.Request) {
	user := map[string]any{"exp": time.Now().Unix() + 3600}
	for name, value := range x.user {
		user[name] = value
	}
	r.Header.Set("Authorization", "Bearer "+x.sign(b, "at+jwt", user))
}

// serve sends one request, which must reach the application in the user's name, or in
// nobody's without credentials.
func (x *benchmark) serve(b *testing.B, g *core.Gateway, r *http.Request, who credentials) {
	x.issuer.user = "nobody"
	w := &discard{header: http.Header{}}
	g.ServeHTTP(w, r)
	want, _ := x.user["sub"].(string)
	if who == nil {
		want = ""
	}
	if w.status != http.StatusOK || x.issuer.user != want {
		b.Fatalf("status %d, user %q", w.status, x.issuer.user)
	}
}

func (x *benchmark) kept(b *testing.B, method, path string, who credentials) {
	g := x.new(b, x.config(b, method))
	r := request(b, g, path, who)
	x.serve(b, g, r, who)
	b.ReportAllocs()
	for b.Loop() {
		x.serve(b, g, r, who)
	}
	x.once(b)
}

func (x *benchmark) fresh(b *testing.B, method, path string, who credentials) {
	c := x.config(b, method)
	g := x.new(b, c)
	r := request(b, g, path, who)
	x.serve(b, g, r, who)
	b.ReportAllocs()
	for b.Loop() {
		x.serve(b, x.new(b, c), r, who)
	}
	x.once(b)
}

func (x *benchmark) cold(b *testing.B) {
	g := x.new(b, x.config(b, "introspection"))
	r := request(b, g, "/x", x.opaque)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		r.Header.Set("Authorization", fmt.Sprintf("Bearer %090d", n))
		x.serve(b, g, r, x.opaque)
	}
	if len(x.asked) != n {
		b.Errorf("%d questions for %d tokens", len(x.asked), n)
	}
}

// once fails unless what was to be at hand was: the provider was asked about a token
// once, or not at all. Answers last a minute, which a long run outlives.
func (x *benchmark) once(b *testing.B) {
	if most := 1 + int(b.Elapsed()/(50*time.Second)); len(x.asked) > most {
		b.Errorf("%d questions", len(x.asked))
	}
}

func request(b *testing.B, g *core.Gateway, path string, who credentials) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://app.example.com"+path, nil)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "curl/8.5.0")
	if who != nil {
		who(b, g, r)
	}
	return r
}

// beginSession logs in who and gives the session's cookie to r. The hand-over cookie is
// left out: it is there for two minutes only.
func beginSession(t testing.TB, g *core.Gateway, who core.Identity, r *http.Request) {
	t.Helper()
	_, cookies, err := g.Sessions().Begin(t.Context(), session.Record{Identity: &who, AccessToken: "opaque"}, "")
	if err != nil {
		t.Fatal(err)
	}
	pair, _, _ := strings.Cut(cookies[0], ";")
	r.Header.Set("Cookie", pair)
}

// discard is a response that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
