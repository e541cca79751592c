package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/core/broker"
	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/cookie"
	"gatehouse/core/exchange"
	"gatehouse/core/kv"
	"gatehouse/core/limit"
	"gatehouse/core/pkce"
	"gatehouse/core/proxy"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
)

// odd is a provider that is unlike the ones that are known: its code is turned around,
// and nobody is asked.
type odd struct{ provider.OAuth }

func (odd) AuthorizationURL(_ context.Context, _ *provider.Provider, a provider.Authorization) (string, error) {
	return "https://odd.example/allow?back=" + url.QueryEscape(a.RedirectURI+"?state="+a.State), nil
}

func (odd) Redeem(_ context.Context, _ *provider.Provider, a provider.Answer) (*provider.Grant, error) {
	code := a.Query.Get("edoc")
	if code == "" {
		return nil, &provider.Error{Kind: provider.Denied}
	}
	return &provider.Grant{Access: secret.New("odd-" + code), TokenType: "odd", Name: "alice"}, nil
}

type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody may be asked")
}

// rig is a broker with the odd provider and a second one that lacks its secret.
type rig struct {
	t       *testing.T
	broker  *broker.Broker
	handler http.Handler
	cookies []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOf(t, odd{})
}

func newRigOf(t *testing.T, protocol provider.Protocol) *rig {
	t.Helper()
	now := func() time.Time { return time.Unix(2_000_000_000, 0) }
	keys, err := seal.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := provider.New(provider.Settings{Name: "odd", ClientID: "id", ClientSecret: secret.New("odd-secret"), Desktop: true}, provider.Parts{
		Fetch: silent{}, Now: now, Definitions: []provider.Definition{{
			Name: "odd", Title: "Odd", AuthorizationEndpoint: "https://odd.example/allow", TokenEndpoint: "https://odd.example/token", Protocol: protocol,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	app, _ := url.Parse("https://broker.example")
	store := kv.NewStore(&kv.Memory{Now: now}, keys, now)
	log := slog.New(slog.DiscardHandler)
	b := broker.New(broker.Options{
		AppURL: app, Public: []*url.URL{app}, Alone: true, Names: cookie.NewNames("gatehouse", false), Keys: keys, Store: store,
		Grants:      grant.New(grant.Options{Store: store, Keys: keys, Now: now, Log: log}),
		Collections: grant.NewCollections(store, now),
		Providers:   []*provider.Provider{p}, Missing: map[string]string{"bare": "BROKER_BARE_CLIENT_SECRET"},
		Limiter: limit.NewMemory(now), PerMinute: 1000, AppPerMinute: 1000, Now: now, Log: log,
	})
	rules := proxy.New(proxy.Options{Upstream: &url.URL{}, Origins: []*url.URL{app}})
	return &rig{t: t, broker: b, handler: &exchange.Server{Rules: rules, Now: now, Log: log, Jobs: []exchange.Job{b}}}
}

// do makes a request; a body is JSON.
func (r *rig) do(method, target, body string) *http.Response {
	r.t.Helper()
	req := httptest.NewRequest(method, "https://broker.example"+target, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, c := range r.cookies {
		req.Header.Add("Cookie", c)
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	for _, c := range w.Result().Cookies() {
		r.cookies = append(r.cookies, c.Name+"="+c.Value)
	}
	return w.Result()
}

func (r *rig) object(res *http.Response) map[string]any {
	r.t.Helper()
	body, _ := io.ReadAll(res.Body)
	m := map[string]any{}
	if err := json.Unmarshal(body, &m); err != nil {
		r.t.Fatalf("%d %s", res.StatusCode, body)
	}
	return m
}

func location(t *testing.T, res *http.Response) *url.URL {
	t.Helper()
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d to %q", res.StatusCode, u)
	}
	return u
}

// A provider with a protocol of its own needs nothing but a definition.
func TestAProviderWithItsOwnProtocol(t *testing.T) {
	r := newRig(t)
	v := pkce.NewVerifier()
	begun := r.object(r.do("POST", "/auth/start", `{"provider":"odd","flow":"loopback","redirect_uri":"http://127.0.0.1:1/callback","state":"s","code_challenge":"`+v.Challenge()+`","code_challenge_method":"S256"}`))
	at, err := url.Parse(begun["auth_url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	to := location(t, r.do("GET", at.RequestURI(), ""))
	back, err := url.Parse(to.Query().Get("back"))
	if err != nil || to.Host != "odd.example" {
		t.Fatalf("sent to %s", to)
	}
	home := location(t, r.do("GET", back.RequestURI()+"&edoc=xyz", ""))
	if home.Query().Get("state") != "s" || home.Query().Get("iss") != "https://broker.example" {
		t.Fatalf("came home to %s", home)
	}
	res := r.do("POST", "/auth/getSession", `{"code":"`+home.Query().Get("code")+`","code_verifier":"`+v.Reveal()+`"}`)
	if s := r.object(res); res.StatusCode != 200 || s["username"] != "alice" || s["provider"] != "odd" || s["key"] != s["handle"] || strings.Contains(s["handle"].(string), "xyz") {
		t.Errorf("%d %v", res.StatusCode, s)
	}
}

func TestOperationsAreCounted(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.do("POST", "/auth/start", `{"provider":"nobody-`+pkce.NewVerifier().Reveal()+`"}`)
	}
	r.do("POST", "/auth/start", `{"provider":"bare"}`)
	r.do("POST", "/auth/logout", "")
	got := map[string]uint64{}
	for _, c := range r.broker.Counters() {
		got[c.Operation+" "+c.Provider+" "+c.Result] += c.N
	}
	if len(got) != 2 || got["start  unknown_provider"] != 3 || got["start bare not_configured"] != 1 {
		t.Errorf("counted %v", got)
	}
}

// desktop is the odd provider with a flow of tokens.
type desktop struct{ odd }

func (desktop) RequestToken(context.Context, *provider.Provider) (string, error) {
	return "token", nil
}

func (desktop) Redeem(_ context.Context, _ *provider.Provider, a provider.Answer) (*provider.Grant, error) {
	return &provider.Grant{Access: secret.New("odd-" + a.Token), TokenType: "odd", Name: "alice"}, nil
}

// TestATokenOfTheProvidersNeedsTheAppsKey: in compatibility, where no start asked for it.
func TestATokenOfTheProvidersNeedsTheAppsKey(t *testing.T) {
	r := newRigOf(t, desktop{})
	r.broker.Compatibility = true
	r.broker.Apps = []broker.App{{Name: "player", Key: secret.New("the-key-of-the-player")}}
	for key, status := range map[string]int{"": 401, "another-key-of-nobody": 401, "the-key-of-the-player": 200} {
		ask := func(method, target, handle string) *http.Response {
			req := httptest.NewRequest(method, "https://broker.example"+target, nil)
			req.Header.Set("X-App-Key", key)
			req.Header.Set("Authorization", "Bearer "+handle)
			w := httptest.NewRecorder()
			r.handler.ServeHTTP(w, req)
			return w.Result()
		}
		res := ask("GET", "/auth/getSession?token=abc", "none")
		m := r.object(res)
		if res.StatusCode != status || (m["code"] == "invalid_app") != (status == 401) {
			t.Errorf("with the key %q: %d %v", key, res.StatusCode, m)
		}
		if status == 200 {
			if res := ask("GET", "/auth/session", m["handle"].(string)); res.StatusCode != 200 {
				t.Errorf("the handle: %d", res.StatusCode)
			}
		}
	}
}

func TestNothingThatAStrangerWroteIsInAnEvent(t *testing.T) {
	r := newRig(t)
	var written strings.Builder
	r.broker.Log = slog.New(slog.NewJSONHandler(&written, nil))
	for _, body := range []string{
		`{"provider":"stranger","flow":"poll"}`, `{"provider":"odd","flow":"stranger"}`, `{"provider":"odd","flow":"poll","code_challenge":"stranger"}`,
		`{"provider":"bare","flow":"stranger"}`, `{"provider":"odd","flow":"poll","state":"stranger"}`,
	} {
		r.do("POST", "/auth/start", body)
	}
	if text := written.String(); strings.Contains(text, "stranger") || strings.Count(text, "\n") != 5 || !strings.Contains(text, `"flow":"poll"`) {
		t.Errorf("logged %s", text)
	}
}

func TestEveryErrorHasItsShape(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		method, target, body string
		status               int
		code                 string
	}{
		{"GET", "/nowhere", "", 404, "not_found"},
		{"PUT", "/auth/start", "", 405, "method_not_allowed"},
		{"POST", "/auth/start", "{}", 400, "missing_parameter"},
		{"POST", "/auth/start", "{", 400, "invalid_request"},
		{"POST", "/auth/start", `{"provider":"x"}`, 400, "unknown_provider"},
		{"POST", "/auth/start", `{"provider":"bare"}`, 500, "not_configured"},
		{"GET", "/auth/session", "", 401, "invalid_token"},
		{"GET", "/auth/call/odd/x", "", 401, "invalid_token"},
		{"POST", "/auth/getSession", `{"code":"x","code_verifier":"` + pkce.NewVerifier().Reveal() + `"}`, 400, "invalid_grant"},
		{"GET", "/auth/callback/odd?state=x&edoc=1", "", 400, "login_expired"},
	} {
		res := r.do(c.method, c.target, c.body)
		m := r.object(res)
		text, _ := m["message"].(string)
		if res.StatusCode != c.status || m["error"] != true || m["status"] != float64(c.status) || m["code"] != c.code || text == "" || len(m) != 4 {
			t.Errorf("%s %s: %d %v", c.method, c.target, res.StatusCode, m)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("X-Frame-Options") != "DENY" || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: header %v", c.method, c.target, res.Header)
		}
	}
}
