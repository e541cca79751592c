//go:build runtimes

package runtimes

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse/conformance/redisrest"
)

var exampleApplication = component("wasi", "gatehouse/adapters/spin/example/app")

// TestExampleOfWasmtime: the script of examples/wasmtime runs the gateway's component in
// front of an application's, which is told who is logged in, and both end with it.
func TestExampleOfWasmtime(t *testing.T) {
	dir := t.TempDir()
	for name, build := range map[string]func() (string, error){"gatehouse-wasi.cwasm": wasiGateway, "app.cwasm": exampleApplication} {
		compiled, err := build()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(compiled, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
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
	cmd := exec.Command("sh", "examples/wasmtime/serve.sh")
	cmd.Dir = top
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "WASMTIME=" + command, "BUILD=" + dir,
		"LISTEN=127.0.0.1:" + port, "APPLICATION=127.0.0.1:" + freePort(t),
		"APP_URL=" + app, "DEV_MODE=true", "AUTH_SERVER_URL=" + startProvider(t, app),
		"CLIENT_ID=gatehouse", "CLIENT_SECRET=a-client-secret-0123456789",
		"COOKIE_SECRET=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"STORE_URL=" + (&redisrest.Front{Token: storeToken, Commands: startRedis(t)}).Serve(t), "STORE_TOKEN=" + storeToken,
	}
	p := start(t, "examples/wasmtime/serve.sh", cmd)
	awaitReady(t, p, app)

	if status, _ := ask(t, app+"/", "application/json"); status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", status)
	}
	client := logIn(t, app, "/")
	r, _ := http.NewRequest(http.MethodGet, app+"/", nil)
	r.Header.Set("X-Forwarded-User", "mallory")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || !strings.Contains(string(body), "Hello, 100000000000000001.") {
		t.Errorf("with a session: %d %s", res.StatusCode, body)
	}

	// A supervisor tells the shell alone; a server that it left behind would hold its output.
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.exited:
		if p.stopped = true; err != nil {
			t.Errorf("told to end, the script ended with: %v", err)
		}
	case <-time.After(patience):
		t.Error("the script does not end")
	}
}
