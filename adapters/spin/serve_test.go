package spin

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gatehouse/adapters/spin/wasi"
	"gatehouse/core/config"
)

// settings is the least configuration that loads, changed by name and value in turns;
// "" removes.
func settings(changes ...string) map[string]string {
	s := map[string]string{
		"APP_URL": "https://app.example", "AUTH_SERVER_URL": "https://issuer.example", "CLIENT_ID": "client",
		"CLIENT_SECRET": "client-secret", "PROXY_TARGET": "http://app.spin.internal",
		"COOKIE_SECRET": base64.RawURLEncoding.EncodeToString([]byte("a key for tests, 0123456789 bytes")), "PUBLIC_PATHS": "/public/*",
	}
	for i := 0; i < len(changes); i += 2 {
		s[changes[i]] = changes[i+1]
	}
	return s
}

// component is an instance under test.
type component struct {
	host  Host
	log   bytes.Buffer
	store fakeStore
	app   application
}

func newComponent(s map[string]string) *component {
	c := &component{}
	c.app.res = answerOf(200, strings.NewReader("from the application"))
	c.host = Host{
		Send:       c.app.send,
		Variable:   func(name string) (string, bool, error) { v, ok := s[name]; return v, ok, nil },
		Store:      func(label string) (KeyValue, error) { return c.store.driver().open() },
		PeerHeader: ClientAddress,
		Log:        &c.log,
	}
	return c
}

// serve answers one request, and what follows it.
func (c *component) serve(in *wasi.Incoming) *fakeAnswer {
	a := &fakeAnswer{}
	Handler(c.host)(context.Background(), in, a)()
	return a
}

func TestComponentServesTheGateway(t *testing.T) {
	t.Parallel()
	c := newComponent(settings())
	if a := c.serve(incoming("GET", "/health")); a.status != 200 || a.body.String() != "OK" || !a.finished {
		t.Errorf("health: %d %q", a.status, a.body.String())
	}
	a := c.serve(incoming("GET", "/public/x", wasi.Field{Name: "x-forwarded-user", Value: "root"}, wasi.Field{Name: ClientAddress, Value: "192.0.2.9:1"}))
	if a.status != 200 || a.body.String() != "from the application" {
		t.Errorf("forwarded: %d %q", a.status, a.body.String())
	}
	if c.app.asked == nil {
		t.Fatal("the application was not asked")
	}
	if !slices.Contains(c.app.asked.Fields, wasi.Field{Name: "x-forwarded-for", Value: "192.0.2.9"}) {
		t.Errorf("the application is not told the peer: %v", c.app.asked.Fields)
	}
	for _, f := range c.app.asked.Fields {
		if f.Name == "x-forwarded-user" || strings.HasPrefix(f.Name, "spin-") {
			t.Errorf("the application is told %v", f)
		}
	}
	if a := c.serve(incoming("GET", "/private")); a.status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", a.status)
	}
	if a := c.serve(incoming("GET", "/%zz")); a.status != http.StatusBadRequest || !a.finished {
		t.Errorf("a malformed target: %d", a.status)
	}
	if c.store.open != 0 {
		t.Errorf("%d stores stay open", c.store.open)
	}
}

func TestComponentClosesTheStore(t *testing.T) {
	t.Parallel()
	c := newComponent(settings())
	if a := c.serve(incoming("GET", "/ready")); a.status == 0 || c.store.opened == 0 || c.store.open != 0 {
		t.Errorf("status %d, opened %d, open %d", a.status, c.store.opened, c.store.open)
	}
}

func TestComponentAnswersUpgradesWith501(t *testing.T) {
	t.Parallel()
	c := newComponent(settings())
	a := c.serve(incoming("GET", "/public/socket", wasi.Field{Name: "sec-websocket-key", Value: "x"}, wasi.Field{Name: "sec-websocket-version", Value: "13"}))
	if a.status != http.StatusNotImplemented || c.app.asked != nil {
		t.Errorf("status %d, application asked %v", a.status, c.app.asked)
	}
}

func TestComponentBreaksAnswersOff(t *testing.T) {
	t.Parallel()
	c := newComponent(settings())
	c.app.res = answerOf(200, io.MultiReader(strings.NewReader("half"), failing{errors.New("broken")}))
	if a := c.serve(incoming("GET", "/public/x")); a.status != 200 || !a.aborted || a.finished {
		t.Errorf("%d, aborted %v, finished %v", a.status, a.aborted, a.finished)
	}
}

func TestMisconfiguredComponentServesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*component{
		"CLIENT_ID":     newComponent(settings("CLIENT_ID", "")),
		"COOKIE_SECRET": newComponent(settings("COOKIE_SECRET", "short")),
		"STORE":         newComponent(settings("STORE", "bolt")),
		"STORE_URL":     newComponent(settings("STORE", "rest")),
		"SWEEP_TOKEN":   newComponent(settings("SWEEP_TOKEN", "short")),
		"LOG_LEVEL":     newComponent(settings("LOG_LEVEL", "loud")),
	} {
		a := c.serve(incoming("GET", "/public/x"))
		if a.status != http.StatusInternalServerError || c.app.asked != nil || !strings.Contains(c.log.String(), `"`+name+`"`) {
			t.Errorf("%s: %d, log %s", name, a.status, c.log.String())
		}
	}
	// Settings that cannot be read may be restrictions: a missing one is none.
	c := newComponent(settings())
	lookup := c.host.Variable
	c.host.Variable = func(name string) (string, bool, error) {
		if name == "ACCESS_RULES" {
			return "", false, errors.New("provider is down")
		}
		return lookup(name)
	}
	if a := c.serve(incoming("GET", "/public/x")); a.status != 500 || !strings.Contains(c.log.String(), "provider is down") {
		t.Errorf("%d, log %s", a.status, c.log.String())
	}
}

func TestStoreOfOtherWorlds(t *testing.T) {
	t.Parallel()
	c := newComponent(settings())
	c.host.Store = nil
	if _, _, err := load(c.host); err == nil || !strings.Contains(err.Error(), "STORE_URL") {
		t.Errorf("without a store: %v", err)
	}
	c = newComponent(settings("STORE", "spin"))
	c.host.Store = nil
	if _, _, err := load(c.host); err == nil {
		t.Error("STORE=spin passes outside of Spin")
	}
	c = newComponent(settings("STORE_URL", "https://redis.example", "STORE_TOKEN", "token"))
	c.host.Store = nil
	_, s, err := load(c.host)
	if err != nil || s.Store != storeRest || s.Rest.URL.Host != "redis.example" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestSweepIsReachableWithItsToken(t *testing.T) {
	t.Parallel()
	const token = "a token of thirty-two characters"
	in := incoming("POST", "/api/sweep", wasi.Field{Name: "authorization", Value: "Bearer " + token})
	c := newComponent(settings("SWEEP_TOKEN", token))
	if a := c.serve(in); a.status != 200 || c.store.open != 0 {
		t.Errorf("%d %q, open %d", a.status, a.body.String(), c.store.open)
	}
	if a := newComponent(settings()).serve(in); a.status == 200 {
		t.Error("sweeps without a token in the settings")
	}
}

func TestVariableNamesOfEverySetting(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range append(config.Fields(&config.Config{}), Settings(&Config{}, true)...) {
		name := VariableName(f.Name)
		if seen[name] || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || name[0] < 'a' || strings.Contains(name, "__") {
			t.Errorf("%s is no name of a variable, or of two", name)
		}
		seen[name] = true
	}
}
