package provider_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/conformance/lookalike"
	"gatehouse/core/broker/provider"
	"gatehouse/core/pkce"
	"gatehouse/core/secret"
)

const (
	callback = "https://broker.example.com/auth/callback/"
	canary   = "the-client-secret-9f3b"
)

var now = time.Unix(1_800_000_000, 0)

// tick is a clock that tests set.
type tick struct {
	mu sync.Mutex
	at time.Time
}

func (t *tick) now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

func (t *tick) pass(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = t.at.Add(d)
}

// transport is a function that answers.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// nobody may be asked.
func nobody(t *testing.T) transport {
	return func(r *http.Request) (*http.Response, error) {
		t.Errorf("asked for %s", r.URL.Host+r.URL.Path)
		return nil, errors.New("nobody")
	}
}

// settings of one of the known providers.
func settings(name string) provider.Settings {
	return provider.Settings{Name: name, ClientID: "the client/id", ClientSecret: secret.New(canary)}
}

func newProvider(t *testing.T, s provider.Settings, parts provider.Parts) *provider.Provider {
	t.Helper()
	if parts.Now == nil {
		parts.Now = func() time.Time { return now }
	}
	p, err := provider.New(s, parts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// flow is a person who goes through a provider's page.
type flow struct {
	verifier pkce.Verifier
	request  provider.Authorization
	// landed is where the browser ended.
	landed *url.URL
}

func goThrough(t *testing.T, p *provider.Provider, n lookalike.Network, answer string) *flow {
	t.Helper()
	scopes, err := p.CheckScopes("")
	if err != nil {
		t.Fatal(err)
	}
	f := &flow{verifier: pkce.NewVerifier()}
	f.request = provider.Authorization{State: "the state&=é", RedirectURI: callback + p.Name(), Challenge: f.verifier.Challenge(), Nonce: "the-nonce", Scopes: scopes}
	address, err := p.AuthorizationURL(t.Context(), f.request)
	if err != nil {
		t.Fatal(err)
	}
	landed, err := lookalike.Answer(n, address, answer)
	if err != nil {
		t.Fatal(err)
	}
	if f.landed, err = url.Parse(landed); err != nil {
		t.Fatal(err)
	}
	if landed != "" && (!strings.HasPrefix(landed, f.request.RedirectURI+"?") || f.landed.Query().Get("state") != f.request.State) {
		t.Fatalf("the browser landed at %s", landed)
	}
	return f
}

func (f *flow) answer() provider.Answer {
	return provider.Answer{Query: f.landed.Query(), RedirectURI: f.request.RedirectURI, Verifier: f.verifier.Reveal(), Nonce: f.request.Nonce, Scopes: f.request.Scopes}
}

// kind fails the test unless err is of a kind and repeats no secret.
func kind(t *testing.T, err error, want provider.Kind) {
	t.Helper()
	if got := provider.KindOf(err); got != want || err != nil && strings.Contains(err.Error(), canary) {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func sprint(format string, v any) string { return fmt.Sprintf(format, v) }
