package workershost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"time"
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
// the go command and must be called within this module. What has been in the cache
// for long is removed.
func PrecompileApart(ctx context.Context, wasm, cache string) error {
	c := exec.CommandContext(ctx, "go", "run", "-ldflags=-X="+engine+"/internal/version.version="+engineVersion(),
		"gatehouse/conformance/workershost/precompile", wasm, cache)
	c.Env = append(os.Environ(), "GOFLAGS=", "GOOS=", "GOARCH=")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("workershost: precompile: %w\n%s", err, out)
	}
	return prune(cache)
}

const engine = "github.com/tetratelabs/wazero"

// engineVersion is the version that the engine takes itself for in this process, by
// which it finds its cache. A test binary does not know its dependencies.
func engineVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == engine {
				return dep.Version
			}
		}
	}
	return "dev"
}

// keep is how long compiled modules stay in the cache.
const keep = 7 * 24 * time.Hour

func prune(cache string) error {
	return filepath.WalkDir(cache, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > keep {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another test was faster
		}
		return err
	})
}
