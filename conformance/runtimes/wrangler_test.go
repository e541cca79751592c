//go:build runtimes

package runtimes

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wranglerProject is a copy of what a user has checked out, as far as wrangler.toml
// needs it.
func wranglerProject(t *testing.T) string {
	t.Helper()
	top, err := topDirectory()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, folder := range []string{"adapters", "core", "internal"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(top, folder))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum", "wrangler.toml", ".dev.vars.example"} {
		data, err := os.ReadFile(filepath.Join(top, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wrangler returns the command with these arguments, to be run in dir.
func wrangler(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	modules, err := workerdModules()
	if err != nil {
		t.Fatal(err)
	}
	node := node22(t)
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(caches))
	cmd := exec.Command(node, append([]string{filepath.Join(modules, "wrangler", "bin", "wrangler.js")}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir(), "WRANGLER_SEND_METRICS=false", "CI=1", "NO_COLOR=1",
		"GOCACHE="+paths[0], "GOMODCACHE="+paths[1], "GOFLAGS=",
		"PATH="+filepath.Dir(node)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return cmd
}

// Wrangler would deploy what is in the repository.
func TestWranglerAcceptsTheConfiguration(t *testing.T) {
	dir := wranglerProject(t)
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"gatehouse.wasm", "instance.mjs", "env.STORE_KV", "env.STORE_OBJECTS", "Record", "env.PROXY_TARGET", "gatehouse-example", "env.LIMIT_LOGIN_START", "env.AUTH_SERVER_URL"}},
		{[]string{"--env", "staging"}, []string{"gatehouse.wasm", "env.STORE_KV", "gatehouse-example-staging"}},
		{[]string{"-c", "adapters/cloudflare/example/wrangler.toml"}, []string{"Total Upload"}},
	} {
		out, err := runs(wrangler(t, dir, append([]string{"deploy", "--dry-run", "--outdir", t.TempDir()}, tt.args...)...))
		if err != nil {
			t.Fatalf("wrangler deploy --dry-run %s: %v\n%s", tt.args, err, out)
		}
		for _, want := range tt.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("wrangler deploy --dry-run %s does not mention %s:\n%s", tt.args, want, out)
			}
		}
		for _, complaint := range []string{"Unexpected fields", "[ERROR]", "fallback"} {
			if strings.Contains(string(out), complaint) {
				t.Errorf("wrangler deploy --dry-run %s complains:\n%s", tt.args, out)
			}
		}
	}
}

// wrangler dev serves the gateway with the example behind it, for a user who has filled
// in .dev.vars.
func TestWranglerDev(t *testing.T) {
	dir := wranglerProject(t)
	port := freePort(t)
	app := "http://localhost:" + port
	provider := startEmbeddedProvider(t, app)
	template, err := os.ReadFile(filepath.Join(dir, ".dev.vars.example"))
	if err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer(
		"APP_URL=http://localhost:3000", "APP_URL="+app,
		"AUTH_SERVER_URL=https://login.example.com", "AUTH_SERVER_URL="+provider,
		"CLIENT_SECRET=\n", "CLIENT_SECRET="+oidcClientSecret+"\n",
		"COOKIE_SECRET=\n", "COOKIE_SECRET="+base64.RawURLEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))+"\n",
	).Replace(string(template))
	if err := os.WriteFile(filepath.Join(dir, ".dev.vars"), []byte(variables), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "wrangler dev", wrangler(t, dir, "dev", "--port", port, "--inspector-port", freePort(t),
		"-c", "wrangler.toml", "-c", "adapters/cloudflare/example/wrangler.toml"))
	// It begins with a build of the module.
	last := ""
	untilAtMost(t, 4*time.Minute, "wrangler dev to be ready", func() bool {
		p.runsStill(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, app+"/ready", nil)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			last = err.Error()
			return false
		}
		res.Body.Close()
		last = res.Status
		return res.StatusCode == http.StatusOK
	}, func() string { return "last answer: " + last })
	v := newVisitor(t)
	at := v.logIn(app + "/page?x=1")
	if at.String() != app+"/page?x=1" {
		t.Errorf("the login ends at %s", at)
	}
	res, body := v.send(http.MethodGet, app+"/page?x=1", "navigate", nil)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"x-forwarded-user":"100000000000000001"`) || strings.Contains(body, "gatehouse_session=") {
		t.Errorf("the example shows %s %s", res.Status, body)
	}
}
