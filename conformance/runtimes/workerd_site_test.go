//go:build runtimes

package runtimes

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/adapters/native/demo"
	"gatehouse/adapters/native/devprovider"
	"gatehouse/core/kv"
)

// workerSite is a Worker in workerd, the embedded provider, and an application.
type workerSite struct {
	*workerd
	app, provider string
	settings      map[string]string

	mu      sync.Mutex
	printed []string
}

// startWorkerSite starts them. A nil upstream is the demo application. Of o, what
// makes it a site is filled in.
func startWorkerSite(t *testing.T, upstream http.Handler, o workerdOptions) *workerSite {
	t.Helper()
	if upstream == nil {
		upstream = demo.New(demo.Options{LogoutPath: "/logout"})
	}
	application := httptest.NewServer(upstream)
	t.Cleanup(application.Close)
	t.Cleanup(application.CloseClientConnections)
	port := freePort(t)
	s := &workerSite{app: "http://localhost:" + port}
	s.provider = startEmbeddedProvider(t, s.app)
	s.settings = map[string]string{
		"APP_URL": s.app, "DEV_MODE": "true", "AUTH_SERVER_URL": s.provider,
		"CLIENT_ID": oidcClientID, "CLIENT_SECRET": oidcClientSecret,
		"COOKIE_SECRET": base64.RawURLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())),
		"PROXY_TARGET":  application.URL,
	}
	maps.Copy(s.settings, o.settings)
	o.settings = s.settings
	store := httptest.NewServer(namespace{&kv.Memory{}, time.Now})
	t.Cleanup(store.Close)
	t.Cleanup(store.CloseClientConnections)
	o.kv, o.listen = address(store.URL), "127.0.0.1:"+port
	o.line = func(line string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.printed = append(s.printed, line)
	}
	if o.dir == "" {
		dir, err := workerArtifact()
		if err != nil {
			t.Fatal(err)
		}
		o.dir = dir
	}
	if o.main == "" {
		o.main = "worker.mjs"
	}
	s.workerd = startWorkerd(t, o)
	t.Cleanup(func() {
		printed := s.log()
		for _, name := range []string{"COOKIE_SECRET", "CLIENT_SECRET"} {
			if strings.Contains(printed, s.settings[name]) {
				t.Errorf("the Worker printed %s", name)
			}
		}
	})
	return s
}

// log is what the Worker has printed.
func (s *workerSite) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.printed, "\n")
}

// startEmbeddedProvider serves it for the gateway at app and returns its issuer, which
// is cross-site to app.
func startEmbeddedProvider(t *testing.T, app string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + listener.Addr().String()
	handler, err := devprovider.New(devprovider.Options{
		Issuer: issuer, ClientID: oidcClientID, ClientSecret: oidcClientSecret,
		RedirectURIs: []string{app + "/login/callback"}, PostLogoutRedirectURIs: []string{app + "/logout/done"},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	return issuer
}

// newWorker is a site whose gateway is the Worker.
func newWorker(t *testing.T, o workerdOptions) *site {
	t.Helper()
	w := startWorkerSite(t, nil, o)
	return &site{
		app: w.app, provider: w.provider,
		user: "Alice Archer", email: "alice@example.com", subject: "100000000000000001",
		password: `input[name="password"]`,
		login:    embeddedLogin,
	}
}

func TestChromiumLogsInThroughWorkerd(t *testing.T) {
	for name, o := range map[string]workerdOptions{
		"KV":             {},
		"Durable Object": {objects: true, settings: map[string]string{"STORE": "durable-object"}},
	} {
		t.Run(name, func(t *testing.T) { chromiumLogsIn(t, newWorker(t, o), true) })
	}
}
