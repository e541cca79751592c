//go:build runtimes

package runtimes

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gatehouse/adapters/native/demo"
)

// binaryDir holds the built command; TestMain removes it.
var binaryDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gatehouse-runtimes-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaryDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build builds the gatehouse command as its users do.
var build = sync.OnceValues(func() (string, error) {
	top, err := topDirectory()
	if err != nil {
		return "", err
	}
	path := filepath.Join(binaryDir, "gatehouse")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".")
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := runs(cmd); err != nil {
		return "", fmt.Errorf("go build: %v\n%s", err, out)
	}
	return path, nil
})

// gatehouse returns the command with these arguments and nothing in its environment
// but settings.
func gatehouse(t *testing.T, args []string, settings map[string]string) *exec.Cmd {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"HOME=" + cmd.Dir}
	for name, value := range settings {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// startDev runs gatehouse dev and returns where it is.
func startDev(t *testing.T) (gateway *process, app, provider string) {
	t.Helper()
	gateway = start(t, "gatehouse dev", gatehouse(t, []string{"dev", "--addr", "localhost:" + freePort(t)}, nil))
	app = gateway.line(t, "Open ")
	provider, _, _ = strings.Cut(gateway.line(t, "A gateway, a provider ("), ")")
	awaitReady(t, gateway, app)
	return gateway, app, provider
}

// startServe runs gatehouse serve at app in front of the demo application.
func startServe(t *testing.T, app string, settings map[string]string) *process {
	t.Helper()
	upstream := httptest.NewServer(demo.New(demo.Options{}))
	t.Cleanup(upstream.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(app, "http://"), ":")
	all := map[string]string{
		"APP_URL":       app,
		"DEV_MODE":      "true",
		"PROXY_TARGET":  upstream.URL,
		"COOKIE_SECRET": base64.RawURLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())),
		"LISTEN_ADDR":   "127.0.0.1:" + port,
		"STORE":         "memory",
	}
	for name, value := range settings {
		all[name] = value
	}
	gateway := start(t, "gatehouse serve", gatehouse(t, []string{"serve"}, all))
	awaitReady(t, gateway, app)
	t.Cleanup(func() {
		for _, name := range []string{"COOKIE_SECRET", "CLIENT_SECRET"} {
			if value := all[name]; value != "" && strings.Contains(gateway.printed(), value) {
				t.Errorf("the gateway printed %s", name)
			}
		}
	})
	return gateway
}

func awaitReady(t *testing.T, gateway *process, app string) {
	t.Helper()
	gateway.clean = true
	last := ""
	until(t, gateway.name+" to be ready", func() bool {
		gateway.runsStill(t)
		res, err := http.Get(app + "/ready")
		if err != nil {
			last = err.Error()
			return false
		}
		res.Body.Close()
		last = res.Status
		return res.StatusCode == http.StatusOK
	}, func() string { return "last answer: " + last })
}

// ask sends a GET without a browser, follows nothing, and returns status and
// Location.
func ask(t *testing.T, url, accept string, cookies ...*http.Cookie) (status int, location string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode, res.Header.Get("Location")
}

// sessionCookies are those that the gateway set in a browser.
func sessionCookies(t *testing.T, tab tab) []*http.Cookie {
	t.Helper()
	found := slices.DeleteFunc(tab.cookies(), func(c *http.Cookie) bool { return !strings.HasPrefix(c.Name, "gatehouse") })
	if len(found) == 0 {
		t.Fatal("the browser has no cookie of the gateway")
	}
	for _, c := range found {
		if !c.HttpOnly {
			t.Errorf("cookie %s can be read by scripts", c.Name)
		}
	}
	return found
}
