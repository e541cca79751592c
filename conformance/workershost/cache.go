package workershost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// CacheDir returns the folder of compiled WebAssembly in the user's cache, and makes
// it if it is not there.
func CacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "gatehouse", "wazero")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("workershost: %w", err)
	}
	return dir, nil
}

// Precompile compiles the module in the file wasm into cache.
func Precompile(ctx context.Context, wasm, cache string) error {
	code, err := os.ReadFile(wasm)
	if err != nil {
		return fmt.Errorf("workershost: %w", err)
	}
	r, err := newRuntime(ctx, cache)
	if err != nil {
		return err
	}
	defer r.Close(ctx)
	if _, err := r.CompileModule(ctx, code); err != nil {
		return fmt.Errorf("workershost: compile %s: %w", wasm, err)
	}
	return nil
}

// PrecompileApart does what [Precompile] does in a process that is built without the
// race detector, under which compiling takes about fifteen times as long. It needs
// the go command and must be called within this module.
func PrecompileApart(ctx context.Context, wasm, cache string) error {
	c := exec.CommandContext(ctx, "go", "run", "gatehouse/conformance/workershost/precompile", wasm, cache)
	c.Env = append(os.Environ(), "GOFLAGS=", "GOOS=", "GOARCH=")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("workershost: precompile: %w\n%s", err, out)
	}
	return nil
}
