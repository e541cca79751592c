//go:build runtimes

package runtimes

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/native/devprovider"
	"gatehouse/conformance"
	"gatehouse/conformance/redisrest"
	"gatehouse/core/kv"
	"gatehouse/core/kv/rest"
	"gatehouse/core/secret"
)

const storeToken = "a-store-token-of-the-runtimes-suite-0123456789"

// startRedis runs an empty Redis server on a socket of its own.
func startRedis(t *testing.T) redisrest.Server {
	t.Helper()
	// Not t.TempDir: a socket's path is short.
	dir, err := os.MkdirTemp("", "redis-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd := exec.Command(program(t, "redis-server", "redis-server"),
		"--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")
	cmd.Dir = dir
	server := redisrest.Server{Network: "unix", Address: filepath.Join(dir, "redis.sock")}
	p := start(t, "redis-server", cmd)
	until(t, "redis-server to answer", func() bool {
		_, err := server.Do(t.Context(), []string{"PING"})
		return err == nil
	}, p.printed)
	return server
}

func do(t testing.TB, s redisrest.Server, args ...string) any {
	t.Helper()
	result, err := s.Do(context.Background(), args)
	if err != nil {
		t.Fatalf("%s: %v", args[0], err)
	}
	return result
}

// openRest returns a driver in front of server over a real connection.
func openRest(t testing.TB, server redisrest.Server) *rest.Driver {
	t.Helper()
	address, err := url.Parse((&redisrest.Front{Token: storeToken, Commands: server}).Serve(t))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return rest.New(rest.Options{URL: address, Token: secret.New(storeToken), Transport: transport})
}

func TestRedisConforms(t *testing.T) {
	server := startRedis(t)
	conformance.TestKV(t, func(t testing.TB) kv.Driver {
		do(t, server, "FLUSHALL")
		return openRest(t, server)
	}, conformance.KVOptions{})
}

// TestRedisForgets: a value lives at least until its expiry and is removed by Redis
// itself soon after.
func TestRedisForgets(t *testing.T) {
	server := startRedis(t)
	d := openRest(t, server)
	for key, write := range map[string]func(key string, expiry time.Time) error{
		"put":  func(key string, expiry time.Time) error { return d.Put(t.Context(), key, []byte("v"), expiry) },
		"swap": func(key string, expiry time.Time) error { return d.Swap(t.Context(), key, nil, []byte("v"), expiry) },
		"count": func(key string, expiry time.Time) error {
			_, err := d.Count(t.Context(), key, expiry, "other")
			return err
		},
	} {
		expiry := time.Now().Add(time.Hour)
		if err := write(key, expiry); err != nil {
			t.Fatal(err)
		}
		left := do(t, server, "PTTL", key).(int64)
		if least := time.Until(expiry).Milliseconds(); left < least || left > time.Hour.Milliseconds()+1 {
			t.Errorf("%s: %d ms are left of an hour, want at least %d", key, left, least)
		}
		if err := write("brief:"+key, time.Now().Add(500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		until(t, "the value to go", func() bool { return do(t, server, "EXISTS", "brief:"+key).(int64) == 0 }, func() string { return key })
	}
}

// TestRedisListsAmongMany: every key of a prefix is found among many others, while the
// database grows, and what another program keeps there is no key of ours.
func TestRedisListsAmongMany(t *testing.T) {
	server := startRedis(t)
	d := openRest(t, server)
	do(t, server, "EVAL", "for i = 1, 20000 do redis.call('SET', 'other:' .. i, 'x') end", "0")
	do(t, server, "EVAL", "for i = 1, 300 do redis.call('SET', 's:v1:' .. i, 'x') end", "0")
	do(t, server, "SET", "s:v1:{not ours}", "x")
	for _, limit := range []int{1000, 7} {
		found := map[string]bool{}
		for cursor, pages := "", 0; ; pages++ {
			keys, next, err := d.List(t.Context(), "s:v1:", cursor, limit)
			if err != nil || len(keys) > limit || pages > 1000 {
				t.Fatalf("page %d: %d keys, %v", pages, len(keys), err)
			}
			for _, key := range keys {
				found[key] = true
			}
			if cursor = next; next == "" {
				break
			}
			if pages%10 == 0 {
				do(t, server, "EVAL", "for i = 1, 500 do redis.call('SET', 'more:' .. ARGV[1] .. ':' .. i, 'x') end", "0", cursor)
			}
		}
		if len(found) != 300 {
			t.Errorf("by %d: %d keys of 300", limit, len(found))
		}
	}
}

// TestRedisRefusals: what Redis says of a refused command reaches the caller without
// the command.
func TestRedisRefusals(t *testing.T) {
	server := startRedis(t)
	d := openRest(t, server)
	do(t, server, "LPUSH", "list", "x")
	_, err := d.Get(t.Context(), "list")
	if err == nil || !strings.Contains(err.Error(), "WRONGTYPE Operation against a key holding the wrong kind of value") {
		t.Errorf("GET of a list: %v", err)
	}
	if err := d.Swap(t.Context(), "list", nil, []byte("v"), time.Now().Add(time.Hour)); err == nil || strings.Contains(err.Error(), "redis.call") {
		t.Errorf("EVAL on a list: %v", err)
	}
	do(t, server, "CONFIG", "SET", "maxmemory", "1")
	if err := d.Put(t.Context(), "key", []byte("v"), time.Now().Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "OOM command not allowed when used memory") {
		t.Errorf("SET without memory: %v", err)
	}
}

// TestTwoGatewaysShareSessions: two processes with one store behind HTTP. A session of
// one is one of the other, and a logout at one ends it at the other within 5 s, the age
// that the other's memory may have.
func TestTwoGatewaysShareSessions(t *testing.T) {
	front := &redisrest.Front{Token: storeToken, Commands: startRedis(t)}
	app := "http://localhost:" + freePort(t)
	second := freePort(t)

	providerServer := httptest.NewUnstartedServer(nil)
	issuer := "http://" + providerServer.Listener.Addr().String()
	provider, err := devprovider.New(devprovider.Options{
		Issuer: issuer, ClientID: "gatehouse", ClientSecret: "a-client-secret-0123456789",
		RedirectURIs: []string{app + "/login/callback"}, PostLogoutRedirectURIs: []string{app + "/logout/done"},
	})
	if err != nil {
		t.Fatal(err)
	}
	providerServer.Config.Handler = provider
	providerServer.Start()
	t.Cleanup(providerServer.Close)

	settings := map[string]string{
		"AUTH_SERVER_URL": issuer,
		"CLIENT_ID":       "gatehouse",
		"CLIENT_SECRET":   "a-client-secret-0123456789",
		"COOKIE_SECRET":   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"STORE":           "rest",
		"STORE_URL":       front.Serve(t),
		"STORE_TOKEN":     storeToken,
		"LOG_LEVEL":       "debug",
	}
	one := startServe(t, app, settings)
	settings["LISTEN_ADDR"] = "127.0.0.1:" + second
	settings["ADMIN_SOCKET"] = filepath.Join(t.TempDir(), "admin.sock")
	two := startServe(t, app, settings)
	two.line(t, `{`)

	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	res, err := browser.Get(app + "/login/authorize?return_to=" + url.QueryEscape(deepLink))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	form := *res.Request.URL
	res, err = browser.PostForm(form.String(), url.Values{"id": {form.Query().Get("id")}, "username": {"alice"}, "password": {"password"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.String() != app+deepLink {
		t.Fatalf("the login ends with %d at %s", res.StatusCode, res.Request.URL)
	}
	at, _ := url.Parse(app)
	cookies := jar.Cookies(at)
	if len(cookies) == 0 {
		t.Fatal("no cookie")
	}

	whoami := func(port string) int {
		r, _ := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+port+"/api/whoami", nil)
		r.Host = at.Host
		r.Header.Set("Accept", "application/json")
		for _, c := range cookies {
			// Without the hand-over cookie: the store alone has to know the session.
			if !strings.Contains(c.Name, "handover") {
				r.AddCookie(c)
			}
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for name, port := range map[string]string{"first": at.Port(), "second": second} {
		if status := whoami(port); status != http.StatusOK {
			t.Errorf("the %s gateway answers %d to a session that the first began", name, status)
		}
	}

	list, err := gatehouse(t, []string{"sessions", "list", "--socket", settings["ADMIN_SOCKET"]}, nil).CombinedOutput()
	if err != nil || strings.Count(string(list), "alice@example.com") != 1 {
		t.Errorf("the second gateway lists (%v):\n%s", err, list)
	}

	r, _ := http.NewRequest(http.MethodPost, app+"/logout", nil)
	r.Header.Set("Origin", app)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	out, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	out.Body.Close()
	if out.StatusCode != http.StatusNoContent {
		t.Fatalf("the logout answers %d", out.StatusCode)
	}
	ended := time.Now()
	if status := whoami(at.Port()); status != http.StatusUnauthorized {
		t.Errorf("the first gateway answers %d after its logout", status)
	}
	until(t, "the second gateway to notice the logout", func() bool { return whoami(second) == http.StatusUnauthorized }, func() string { return two.printed() })
	t.Logf("the second gateway noticed the logout after %v", time.Since(ended).Round(10*time.Millisecond))
	if after := time.Since(ended); after > 30*time.Second {
		t.Errorf("the second gateway noticed the logout after %v, its memory may be 5 s old", after)
	}
	for _, p := range []*process{one, two} {
		if strings.Contains(p.printed(), storeToken) {
			t.Errorf("%s printed STORE_TOKEN", p.name)
		}
	}
}
