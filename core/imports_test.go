package core_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// forbidden are packages that no package of the core may import directly, with the
// reason. A trailing slash means everything below.
var forbidden = map[string]string{
	"gatehouse/adapters/":    "the core does not know the platforms it runs on",
	"gatehouse/conformance":  "tests depend on the core, not the other way round",
	"syscall/js":             "platform SDK: belongs in adapters/cloudflare",
	"github.com/syumai/":     "platform SDK: belongs in adapters/cloudflare",
	"github.com/tetratelabs": "a host for tests",
	"os":                     "no files, environment or processes: configuration comes through a lookup",
	"os/":                    "no files, environment or processes",
	"log":                    "logging goes through the platform's slog.Logger",
	"flag":                   "command lines belong to adapters/native",
	"net":                    "sockets are the platform's; net/netip has addresses",
	"net/http/httputil":      "adds 1.2 MB of wasm; forwarding is the platform's",
	"net/http/httptest":      "test helper",
	"net/http/cookiejar":     "client machinery",
	"crypto/tls":             "connections are the platform's",
	"html/template":          "adds 1.1 MB of wasm; pages are constants with escaped values",
	"text/template":          "adds 1.1 MB of wasm; pages are constants with escaped values",
	"github.com/go-jose/":    "adds 150 kB of compressed wasm; core/jws and core/jwk have what a gateway needs",
	"math/rand":              "randomness comes from crypto/rand",
	"math/rand/v2":           "randomness comes from crypto/rand",
	"unsafe":                 "belongs in adapters that speak a binary interface",
	"expvar":                 "opens a public debug route",
	"net/http/pprof":         "opens a public debug route",
}

type listed struct {
	ImportPath string
	Imports    []string
}

// coreImports lists the core's packages for a target.
func coreImports(t *testing.T, goos, goarch string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Env = append(cmd.Environ(), "GOFLAGS=", "GOOS="+goos, "GOARCH="+goarch)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// reason says why path may not be imported, or "".
func reason(path string) string {
	for bad, why := range forbidden {
		if path == bad || strings.HasPrefix(path, strings.TrimSuffix(bad, "/")+"/") && strings.HasSuffix(bad, "/") {
			return why
		}
	}
	return ""
}

func TestCoreImportsNoPlatform(t *testing.T) {
	for _, target := range [][2]string{{"linux", "amd64"}, {"js", "wasm"}, {"wasip1", "wasm"}} {
		packages := coreImports(t, target[0], target[1])
		if len(packages) < 10 {
			t.Fatalf("%s: only %d packages listed", target[0], len(packages))
		}
		for _, p := range packages {
			for _, path := range p.Imports {
				if why := reason(path); why != "" {
					t.Errorf("%s: %s imports %s: %s", target[0], p.ImportPath, path, why)
				}
			}
		}
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	for _, path := range []string{"os", "os/exec", "gatehouse/adapters/native", "syscall/js", "html/template"} {
		if reason(path) == "" {
			t.Errorf("%s would pass", path)
		}
	}
	for _, path := range []string{"net/http", "net/netip", "net/url", "gatehouse/core/kv", "log/slog"} {
		if why := reason(path); why != "" {
			t.Errorf("%s would be refused: %s", path, why)
		}
	}
}
