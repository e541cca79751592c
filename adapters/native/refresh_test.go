package native

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/conformance/rotation"
	"gatehouse/core/config"
	"gatehouse/core/kv"
)

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
			p := rotation.Serve(t)
			application := httptest.NewServer(http.HandlerFunc(rotation.Application))
			t.Cleanup(application.Close)
			var gateway http.Handler
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { gateway.ServeHTTP(w, r) }))
			t.Cleanup(front.Close)
			app := strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
			settings := map[string]string{"APP_URL": app, "DEV_MODE": "true", "PROXY_TARGET": application.URL, "COOKIE_SECRET": cookieKey()}
			maps.Copy(settings, p.Settings())
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
			t.Log(p.Bear(t, rotation.Load{App: app, Rounds: 50, Requests: 200}))
		})
	}
}
