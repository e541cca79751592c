package core_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gatehouse/internal/wasmbuild"
)

// budget is the largest compressed module in bytes: start-up time grows with it.
const budget = 2_600_000

// machinery are functions whose presence in a module means that code is linked that
// the core must do without. The names stand in the module's function table even
// when symbols are stripped.
var machinery = map[string]string{
	"net/http.(*Client).do":           "http.Client follows redirects and costs 1.2 MB",
	"net/http.(*Transport).RoundTrip": "connections are the platform's",
	"net/http.(*Server).Serve":        "listening is the platform's",
	"html/template.(*Template)":       "pages are constants",
	"net/http/httputil.":              "forwarding is the platform's",
}

// build links a program for wasm as it is deployed.
func build(t *testing.T, goos, program string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "module.wasm")
	args := append([]string{"build"}, wasmbuild.Flags...)
	cmd := exec.Command("go", append(args, "-o", out, program)...)
	cmd.Env = append(cmd.Environ(), "GOFLAGS=", "GOOS="+goos, "GOARCH=wasm")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, msg)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// linked returns the machinery that module contains.
func linked(module []byte) (found []string) {
	for name := range machinery {
		if bytes.Contains(module, []byte(name)) {
			found = append(found, name)
		}
	}
	return found
}

func TestCoreModuleIsSmallAndHasNoClient(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules")
	}
	for _, goos := range []string{"js", "wasip1"} {
		t.Run(goos, func(t *testing.T) {
			module := build(t, goos, "./testdata/wasm")
			for _, name := range linked(module) {
				t.Errorf("links %s: %s", name, machinery[name])
			}
			if !bytes.Contains(module, []byte("gatehouse/core/gateway.(*Gateway).callback")) {
				t.Error("function names are not found in the module: this test would not see machinery either")
			}
			var size counter
			z, _ := gzip.NewWriterLevel(&size, gzip.BestCompression)
			_, _ = io.Copy(z, bytes.NewReader(module))
			_ = z.Close()
			t.Logf("%s: %d bytes gzip, %d bytes raw", goos, size, len(module))
			if size > budget {
				t.Errorf("%d bytes gzip, budget %d", size, budget)
			}
		})
	}
}

// TestMachineryIsFound links a program that uses an http.Client.
func TestMachineryIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules")
	}
	if found := linked(build(t, "js", "./testdata/client")); len(found) == 0 {
		t.Error("a module with an http.Client passes")
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
