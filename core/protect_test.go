package core_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/core"
	"gatehouse/core/config"
	"gatehouse/core/kv"
	"gatehouse/core/session"
)

func TestAHandlerBesideTheGatewayLearnsWhoAsks(t *testing.T) {
	g, err := newGateway()
	if err != nil {
		t.Fatal(err)
	}
	_, cookies, err := g.Sessions().Begin(t.Context(), session.Record{Identity: &core.Identity{Subject: "alice", Name: "Alice"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "https://app.example.com/hello", nil)
	for _, c := range cookies {
		pair, _, _ := strings.Cut(c, ";")
		r.Header.Add("Cookie", pair)
	}
	w := httptest.NewRecorder()
	g.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := core.IdentityFrom(r.Context())
		if !ok || who.Subject != "alice" {
			t.Errorf("identity %v, %v", who, ok)
		}
		w.WriteHeader(http.StatusTeapot)
	})).ServeHTTP(w, r)
	if w.Code != http.StatusTeapot {
		t.Errorf("status %d", w.Code)
	}
}

func TestAHandlerBesideTheGatewayIsNotReachedByOthers(t *testing.T) {
	g, err := newGateway()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Request){
		"no cookie":            func(*http.Request) {},
		"cookie does not open": func(r *http.Request) { r.Header.Set("Cookie", "__Host-gatehouse=AAAA") },
		"header too large":     func(r *http.Request) { r.Header.Set("X", strings.Repeat("x", 40<<10)) },
		"path refused":         func(r *http.Request) { r.URL.RawPath, r.URL.Path = "/a%2fb", "/a/b" },
	} {
		r := httptest.NewRequest("GET", "https://app.example.com/hello", nil)
		change(r)
		w := httptest.NewRecorder()
		g.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Errorf("%s: reached", name)
		})).ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
}

func TestNobodyIsInAnEmptyContext(t *testing.T) {
	if who, ok := core.IdentityFrom(context.Background()); who != nil || ok {
		t.Errorf("identity %v, %v", who, ok)
	}
}

func TestNewRefusesAnIncompletePlatform(t *testing.T) {
	c, err := core.LoadConfig(lookup)
	if err != nil {
		t.Fatal(err)
	}
	if g, err := core.New(c, core.Platform{}); g != nil || err == nil {
		t.Errorf("gateway %v, error %v", g, err)
	}
}

func TestNewNamesTheSettingThatIsOfNoUse(t *testing.T) {
	c, err := core.LoadConfig(func(name string) (string, bool) {
		if name == "ASSERTION_KEY" {
			return "no key", true
		}
		return lookup(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = core.New(c, core.Platform{KV: &kv.Memory{}, Fetch: offline{}, Forward: offline{}})
	var mistakes config.Errors
	if !errors.As(err, &mistakes) || mistakes[0].Name != "ASSERTION_KEY" || strings.Contains(err.Error(), "no key") {
		t.Errorf("error %v", err)
	}
}
