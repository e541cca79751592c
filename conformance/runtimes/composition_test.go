//go:build runtimes

package runtimes

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gatehouse/conformance/redisrest"
)

// composition is the gateway composed with the application of examples/composition, and
// its compiled form.
var composition = sync.OnceValues(func() (compiled string, err error) {
	application, err := buildComponent("wasi", "gatehouse/examples/composition/app")
	if err != nil {
		return "", err
	}
	top, err := topDirectory()
	if err != nil {
		return "", err
	}
	wasm := filepath.Join(binaryDir, "composed.wasm")
	cmd := exec.Command("go", "run", "./adapters/spin/build", "-world", "middleware", "-application", application, "-o", wasm)
	cmd.Dir, cmd.Env = top, append(os.Environ(), "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("adapters/spin/build: %v\n%s", err, out)
	}
	return compile(wasm)
})

// startComposition serves it with the embedded provider and a real Redis server.
func startComposition(t *testing.T, more map[string]string) (app string, settings map[string]string) {
	t.Helper()
	compiled, err := composition()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	app = "http://localhost:" + port
	settings = map[string]string{
		"APP_URL": app, "DEV_MODE": "true", "PUBLIC_PATHS": "/open/*",
		"AUTH_SERVER_URL": startProvider(t, app), "CLIENT_ID": "gatehouse", "CLIENT_SECRET": "a-client-secret-0123456789",
		"COOKIE_SECRET":        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"STORE_URL":            (&redisrest.Front{Token: storeToken, Commands: startRedis(t)}).Serve(t),
		"STORE_TOKEN":          storeToken,
		"APPLICATION_GREETING": "hello",
	}
	for name, value := range more {
		settings[name] = value
	}
	s := serveComponent(t, compiled, "127.0.0.1:"+port, settings, func(line string) { t.Log("it logs ", line) })
	t.Cleanup(func() {
		if !s.hasEnded() {
			s.settle(t)
		}
	})
	return app, settings
}

// exchangeWith makes a request; headers are pairs of name and value.
func exchangeWith(t *testing.T, client *http.Client, method, address, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	return res, string(text)
}

func hasLine(text, line string) bool { return slices.Contains(strings.Split(text, "\n"), line) }

// TestComposition: one component of gateway and application answers in Wasmtime.
func TestComposition(t *testing.T) {
	app, settings := startComposition(t, nil)
	stranger := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	if res, text := exchangeWith(t, stranger, "GET", app+"/private", "", "Accept", "application/json"); res.StatusCode != http.StatusUnauthorized || strings.Contains(text, "authority") {
		t.Errorf("without a session: %d %s", res.StatusCode, text)
	}
	if res, text := exchangeWith(t, stranger, "GET", app+"/private", "", "Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); res.StatusCode != http.StatusSeeOther || strings.Contains(text, "authority") {
		t.Errorf("a person without a session: %d %s", res.StatusCode, text)
	}
	res, text := exchangeWith(t, stranger, "GET", app+"/open/x", "", "X-Forwarded-User", "mallory", "X_Gatehouse_Roles", "admin")
	if res.StatusCode != http.StatusOK || !hasLine(text, "GET /open/x") || strings.Contains(text, "mallory") || strings.Contains(text, "admin") {
		t.Errorf("a public path: %d\n%s", res.StatusCode, text)
	}

	client := logIn(t, app, "/open/landed")
	t.Run("request", func(t *testing.T) {
		res, text := exchangeWith(t, client, "GET", app+"/a//b/../c?x=%2F", "", "X-Forwarded-User", "mallory", "x_forwarded-USER", "mallory",
			"X-Forwarded-Email", "mallory@example.com", "X-Gatehouse-Roles", "planted", "Cookie", "other=1", "X-Mine", "1", "X-Mine", "2",
			"X-Forwarded-Host", "evil.example")
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%d\n%s", res.StatusCode, text)
		}
		for _, line := range []string{
			"GET /a/c?x=%2F", "scheme HTTP", "field x-forwarded-user: 100000000000000001", "field x-mine: 1", "field x-mine: 2",
			"field cookie: other=1", "field x-forwarded-host: " + strings.TrimPrefix(app, "http://"), "variable GREETING=hello",
		} {
			if !hasLine(strings.ReplaceAll(text, "scheme http", "scheme HTTP"), line) {
				t.Errorf("the application is not told %q", line)
			}
		}
		for _, secret := range []string{"mallory", "planted", "evil", "gatehouse-dev", "COOKIE_SECRET", "STORE_TOKEN", "CLIENT_SECRET", storeToken, settings["CLIENT_SECRET"], settings["COOKIE_SECRET"]} {
			if strings.Contains(text, secret) {
				t.Errorf("the application is told %q", secret)
			}
		}
		if t.Failed() {
			t.Log(text)
		}
		if id := res.Header.Values("X-Request-Id"); len(id) != 1 || !hasLine(text, "field x-request-id: "+id[0]) {
			t.Errorf("request id %q", id)
		}
	})
	t.Run("path", func(t *testing.T) {
		if res, text := exchangeWith(t, client, "GET", app+"/a%2fb", ""); res.StatusCode != http.StatusBadRequest {
			t.Errorf("encoded slash: %d %s", res.StatusCode, text)
		}
	})
	t.Run("answer", func(t *testing.T) {
		res, _ := exchangeWith(t, client, "GET", app+"/set", "")
		var cookies []string
		for _, line := range res.Header.Values("Set-Cookie") {
			name, _, _ := strings.Cut(line, "=")
			cookies = append(cookies, name)
		}
		if !slices.Contains(cookies, "app") || !slices.Contains(cookies, "gatehouse-devoted") || strings.Contains(fmt.Sprint(res.Header), "planted") {
			t.Errorf("cookies %q", res.Header.Values("Set-Cookie"))
		}
		if res.Header.Get("X-Gatehouse-Roles") != "" || res.Header.Get("X-App") != "1" {
			t.Errorf("header %v", res.Header)
		}
		if id := res.Header.Values("X-Request-Id"); len(id) != 1 || id[0] == "of-the-application" {
			t.Errorf("request id %q", id)
		}
	})
	t.Run("HEAD", func(t *testing.T) {
		if res, text := exchangeWith(t, client, "HEAD", app+"/x", ""); res.StatusCode != http.StatusOK || text != "" {
			t.Errorf("%d %q", res.StatusCode, text)
		}
	})
	t.Run("bodies", func(t *testing.T) { bodiesStream(t, client, app) })
	t.Run("at once", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for j := range 10 {
					path := fmt.Sprintf("/private/%d/%d", i, j)
					r, _ := http.NewRequest("GET", app+path, nil)
					res, err := client.Do(r)
					if err != nil {
						t.Error(err)
						return
					}
					text, err := io.ReadAll(res.Body)
					res.Body.Close()
					if err != nil || res.StatusCode != http.StatusOK || !hasLine(string(text), "GET "+path) {
						t.Errorf("%s: %d, %v\n%s", path, res.StatusCode, err, text)
					}
				}
			})
		}
		all.Wait()
	})
	t.Run("no answer", func(t *testing.T) {
		for _, path := range []string{"/fail", "/trap"} {
			if res, _ := exchangeWith(t, client, "GET", app+path, ""); res.StatusCode != http.StatusInternalServerError {
				t.Errorf("%s: status %d", path, res.StatusCode)
			}
		}
	})
	t.Run("logout", func(t *testing.T) {
		if res, text := exchangeWith(t, client, "GET", app+"/api/whoami", ""); res.StatusCode != http.StatusOK {
			t.Fatalf("before: %d %s", res.StatusCode, text)
		}
		site, err := url.Parse(app)
		if err != nil {
			t.Fatal(err)
		}
		cookies := client.Jar.Cookies(site)
		res, text := exchangeWith(t, client, "POST", app+"/logout", "", "Origin", app)
		if res.StatusCode >= 400 {
			t.Fatalf("%d %s", res.StatusCode, text)
		}
		old := []string{"Accept", "application/json"}
		for _, c := range cookies {
			old = append(old, "Cookie", c.Name+"="+c.Value)
		}
		if res, text := exchangeWith(t, stranger, "GET", app+"/private", "", old...); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("with the cookies of before: %d %s", res.StatusCode, text)
		}
	})
}

// TestCompositionRenewsSessions: the cookie of a session that has to be renewed is on the
// application's answer, which no cache may keep then.
func TestCompositionRenewsSessions(t *testing.T) {
	const before, after = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
	shared := map[string]string{
		"COOKIE_SECRET": before,
		"STORE_URL":     (&redisrest.Front{Token: storeToken, Commands: startRedis(t)}).Serve(t),
	}
	app, settings := startComposition(t, shared)
	client := logIn(t, app, "/open/landed")
	shared["AUTH_SERVER_URL"] = settings["AUTH_SERVER_URL"]
	// A cookie of the key that is on its way out is renewed at once.
	shared["COOKIE_SECRET"] = after + "," + before
	later, _ := startComposition(t, shared)

	res, _ := exchangeWith(t, client, "GET", later+"/set", "")
	cookies := strings.Join(res.Header.Values("Set-Cookie"), "\n")
	if res.StatusCode != http.StatusOK || strings.Count(cookies, "gatehouse-dev=") != 1 || strings.Contains(cookies, "planted") || !strings.Contains(cookies, "app=1") {
		t.Fatalf("%d, cookies\n%s", res.StatusCode, cookies)
	}
	if c := res.Header.Values("Cache-Control"); len(c) != 1 || c[0] != "no-store" || res.Header.Get("Cdn-Cache-Control") != "" || res.Header.Get("Surrogate-Control") != "" {
		t.Errorf("caches may keep it: %v", res.Header)
	}
	res, _ = exchangeWith(t, client, "GET", later+"/set", "")
	if cookies := strings.Join(res.Header.Values("Set-Cookie"), "\n"); res.StatusCode != http.StatusOK || strings.Contains(cookies, "gatehouse-dev=") {
		t.Errorf("the renewed one: %d, cookies\n%s", res.StatusCode, cookies)
	}
	if c := res.Header.Get("Cache-Control"); c != "public, max-age=60" || res.Header.Get("Cdn-Cache-Control") != "max-age=60" {
		t.Errorf("the application's caching is lost: %v", res.Header)
	}
}

// bodiesStream sends a body piece by piece, each after the one before has come back, and
// a large one.
func bodiesStream(t *testing.T, client *http.Client, app string) {
	sent, pieces := io.Pipe()
	r, err := http.NewRequest("POST", app+"/echo", sent)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", app)
	go func() { _, _ = io.WriteString(pieces, "one\n") }()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	answer := bufio.NewReader(res.Body)
	for i, want := range []string{"one\n", "two\n", "three\n"} {
		if i > 0 {
			if _, err := io.WriteString(pieces, want); err != nil {
				t.Fatal(err)
			}
		}
		if line, err := answer.ReadString('\n'); line != want {
			t.Fatalf("line %q, %v, want %q", line, err, want)
		}
	}
	_ = pieces.Close()
	if rest, err := io.ReadAll(answer); len(rest) > 0 || err != nil {
		t.Errorf("behind the end: %q, %v", rest, err)
	}

	large := bytes.Repeat([]byte("0123456789abcdef"), 4<<20/16)
	if _, text := exchangeWith(t, client, "POST", app+"/echo", string(large), "Origin", app); text != string(large) {
		t.Errorf("%d bytes of %d come back, or others", len(text), len(large))
	}
}

// TestSizeOfTheMiddleware holds the component to the budget of the others.
func TestSizeOfTheMiddleware(t *testing.T) {
	const budget = 2_600_000
	wasm, err := buildComponent("middleware", "")
	if err != nil {
		t.Fatal(err)
	}
	component, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, _ = z.Write(component)
	_ = z.Close()
	t.Logf("%d bytes gzip, %d raw", packed.Len(), len(component))
	if packed.Len() > budget {
		t.Errorf("%d bytes gzip, budget %d", packed.Len(), budget)
	}
}

// TestExampleOfComposition: the script of examples/composition serves what
// TestComposition tests.
func TestExampleOfComposition(t *testing.T) {
	compiled, err := composition()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(compiled, filepath.Join(dir, "composed.cwasm")); err != nil {
		t.Fatal(err)
	}
	command, err := wasmtime()
	if err != nil {
		t.Fatal(err)
	}
	top, err := topDirectory()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	app := "http://localhost:" + port
	cmd := exec.Command("sh", "examples/composition/serve.sh")
	cmd.Dir = top
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "WASMTIME=" + command, "BUILD=" + dir, "LISTEN=127.0.0.1:" + port,
		"APP_URL=" + app, "DEV_MODE=true", "AUTH_SERVER_URL=" + startProvider(t, app),
		"CLIENT_ID=gatehouse", "CLIENT_SECRET=a-client-secret-0123456789",
		"COOKIE_SECRET=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"STORE_URL=" + (&redisrest.Front{Token: storeToken, Commands: startRedis(t)}).Serve(t), "STORE_TOKEN=" + storeToken,
		"APPLICATION_GREETING=hello",
	}
	p := start(t, "examples/composition/serve.sh", cmd)
	awaitReady(t, p, app)
	p.clean = false // Wasmtime, when told to end, ends as it likes

	if status, _ := ask(t, app+"/", "application/json"); status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", status)
	}
	client := logIn(t, app, "/")
	if res, text := exchangeWith(t, client, "GET", app+"/", ""); res.StatusCode != http.StatusOK || !hasLine(text, "field x-forwarded-user: 100000000000000001") || !hasLine(text, "variable GREETING=hello") {
		t.Errorf("with a session: %d\n%s", res.StatusCode, text)
	}
}

// TestCompositionInAnInstanceThatLives: exchanges of one instance, one after the other, know
// nothing of each other.
func TestCompositionInAnInstanceThatLives(t *testing.T) {
	compiled, err := composition()
	if err != nil {
		t.Fatal(err)
	}
	command, err := wasmtime()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	app := "http://localhost:" + port
	cmd := exec.Command(command, "serve", "-S", "cli", "--allow-precompiled", "--max-instance-reuse-count", "1000", "--idle-instance-timeout", "60s", "--addr", "127.0.0.1:"+port)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	for name, value := range map[string]string{
		"APP_URL": app, "DEV_MODE": "true", "PUBLIC_PATHS": "/open/*", "AUTH_SERVER_URL": startProvider(t, app),
		"CLIENT_ID": "gatehouse", "CLIENT_SECRET": "a-client-secret-0123456789",
		"COOKIE_SECRET": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		// Kept as long as the instance lives: a login shows that it does.
		"STORE": "memory",
	} {
		cmd.Args, cmd.Env = append(cmd.Args, "--env", name), append(cmd.Env, name+"="+value)
	}
	cmd.Args = append(cmd.Args, compiled)
	p := start(t, "wasmtime serve", cmd)
	awaitReady(t, p, app)
	p.clean = false
	client, stranger := logIn(t, app, "/open/landed"), &http.Client{}
	for i := range 30 {
		path := fmt.Sprintf("/open/%d", i)
		if res, text := exchangeWith(t, stranger, "GET", app+path, "", "X-Turn", fmt.Sprint(i)); res.StatusCode != http.StatusOK || !hasLine(text, "GET "+path) || !hasLine(text, fmt.Sprintf("field x-turn: %d", i)) || strings.Contains(text, "x-forwarded-user") || len(res.Header.Values("X-Request-Id")) != 1 {
			t.Fatalf("exchange %d of a stranger: %d %v\n%s", i, res.StatusCode, res.Header, text)
		}
		path = fmt.Sprintf("/private/%d", i)
		if res, text := exchangeWith(t, client, "GET", app+path, ""); res.StatusCode != http.StatusOK || !hasLine(text, "GET "+path) || strings.Contains(text, "x-turn") || !hasLine(text, "field x-forwarded-user: 100000000000000001") {
			t.Fatalf("exchange %d: %d\n%s", i, res.StatusCode, text)
		}
		if res, text := exchangeWith(t, client, "POST", app+"/echo", path, "Origin", app); res.StatusCode != http.StatusOK || text != path {
			t.Fatalf("body %d: %d %q", i, res.StatusCode, text)
		}
		if res, _ := exchangeWith(t, client, "GET", app+"/fail", ""); res.StatusCode != http.StatusInternalServerError {
			t.Fatalf("exchange %d without an answer: %d", i, res.StatusCode)
		}
	}
}
