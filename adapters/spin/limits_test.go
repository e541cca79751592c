package spin

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"gatehouse/adapters/spin/wasi"
	"gatehouse/core/limit"
	"gatehouse/core/platform"
)

func TestLimitsAreCountedWhereTheStoreIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		peerHeader string
		settings   map[string]string
		is         func(platform.Limiter) bool
	}{
		"Spin's store": {ClientAddress, settings(), func(l platform.Limiter) bool { _, ok := l.(*limit.Slots); return ok }},
		"Redis": {ClientAddress, settings("STORE", "rest", "STORE_URL", "https://store.example", "STORE_TOKEN", "t"),
			func(l platform.Limiter) bool { _, ok := l.(*limit.Counted); return ok }},
		"Redis, and nobody tells who the client is": {"", settings("STORE", "rest", "STORE_URL", "https://store.example", "STORE_TOKEN", "t"),
			func(l platform.Limiter) bool { return l == unlimited{} }},
		"memory": {ClientAddress, settings("STORE", "memory"), func(l platform.Limiter) bool { return l == nil }},
	} {
		c := newComponent(test.settings)
		config, s, err := load(c.host)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		a := &adapter{host: c.host, peerHeader: test.peerHeader}
		if l := a.limiter(config, a.openStore(s), slog.New(slog.DiscardHandler)); !test.is(l) {
			t.Errorf("%s: %T", name, l)
		}
	}
}

// TestManyLoginsOfOneClient: each attempt has an instance of its own, as hosts do it.
func TestManyLoginsOfOneClient(t *testing.T) {
	t.Parallel()
	c := newComponent(settings("LOGINS_PER_MINUTE", "3"))
	attempt := func(address string) int {
		c.app.res = answerOf(503, strings.NewReader(""))
		return c.serve(incoming("GET", "/login/callback?code=c&state=s", wasi.Field{Name: ClientAddress, Value: address})).status
	}
	var got []int
	for range 8 {
		got = append(got, attempt("192.0.2.9:1"))
	}
	// A window of the clock may end in between.
	refused := 0
	for _, status := range got {
		if status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("answers %v to attempts of which three a minute are allowed", got)
	}
	if status := attempt("192.0.2.10:1"); status == http.StatusTooManyRequests {
		t.Error("another client is refused")
	}
	if c.store.open != 0 {
		t.Errorf("%d stores are left open", c.store.open)
	}
	for key, value := range c.store.values {
		if strings.Contains(key+string(value), "192.0.2") {
			t.Errorf("the store names a client: %s", key)
		}
	}
}

func TestAddressThatAFrontServerTells(t *testing.T) {
	t.Parallel()
	c := newComponent(settings("CLIENT_ADDRESS_HEADER", "X-Forwarded-For", "STORE", "memory"))
	c.host.PeerHeader, c.host.Store = "", nil
	c.serve(incoming("GET", "/public/x", wasi.Field{Name: "x-forwarded-for", Value: "192.0.2.66"}, wasi.Field{Name: "x-forwarded-for", Value: "192.0.2.67, 192.0.2.9"}))
	if c.app.asked == nil {
		t.Fatalf("the application was not asked: %s", c.log.String())
	}
	var told []string
	for _, f := range c.app.asked.Fields {
		if f.Name == "x-forwarded-for" {
			told = append(told, f.Value)
		}
	}
	if strings.Join(told, "; ") != "192.0.2.9" {
		t.Errorf("the application is told %q", told)
	}
}

func TestAddressHeaderIsAName(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{"X-Real-IP": true, "x_y": false, "a b": false, "a:": false} {
		s := &Config{}
		var err error
		for _, f := range Settings(s, false) {
			if f.Name == "CLIENT_ADDRESS_HEADER" {
				err = f.Set(value)
			}
		}
		if (err == nil) != good || good && s.PeerHeader != "x-real-ip" {
			t.Errorf("%q: %v, %q", value, err, s.PeerHeader)
		}
	}
}
