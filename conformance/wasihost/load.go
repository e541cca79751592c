package wasihost

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/tetratelabs/wazero"
)

// Load builds the package as a core module and compiles it. Compiled code is kept in
// the user's cache folder, if there is one.
func Load(ctx context.Context, pkg string) (*Program, error) {
	dir, err := os.MkdirTemp("", "wasihost")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "module.wasm")
	if err := run([]string{"GOOS=wasip1", "GOARCH=wasm"}, "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, pkg); err != nil {
		return nil, err
	}
	module, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	folder := cacheFolder()
	if raced && folder != "" {
		// The race detector makes the compiler fifteen times as slow.
		if err := run(nil, "go", "run", "-ldflags=-X "+versionVariable+"="+wazeroVersion(), "gatehouse/conformance/wasihost/precompile", file); err != nil {
			return nil, err
		}
	}
	return compileCached(ctx, module, folder)
}

// versionVariable names the part of the cache that compiled code is in. A test finds
// another version in its build information than a command does.
const versionVariable = "github.com/tetratelabs/wazero/internal/version.version"

// wazeroVersion returns the version that wazero finds in this process.
func wazeroVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/tetratelabs/wazero" && dep.Version != "" {
				return dep.Version
			}
		}
	}
	return "dev"
}

// Precompile puts the compiled code of a module into the cache.
func Precompile(ctx context.Context, file string) error {
	module, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	p, err := compileCached(ctx, module, cacheFolder())
	if err != nil {
		return err
	}
	return p.Close(ctx)
}

func compileCached(ctx context.Context, module []byte, folder string) (*Program, error) {
	if folder == "" {
		return Compile(ctx, module, nil)
	}
	prune(folder)
	cache, err := wazero.NewCompilationCacheWithDir(folder)
	if err != nil {
		return nil, err
	}
	return Compile(ctx, module, cache)
}

// cacheFolder returns the folder of compiled code, "" if the user has none.
func cacheFolder() string {
	user, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(user, "gatehouse", "wasihost")
}

// kept is how many compiled modules stay in the cache; each takes some 40 MB.
const kept = 6

// prune removes the oldest compiled modules. What cannot be removed stays.
func prune(folder string) {
	type file struct {
		name string
		info os.FileInfo
	}
	var files []file
	names, _ := filepath.Glob(filepath.Join(folder, "*", "*"))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			files = append(files, file{name, info})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(b.info.ModTime().UnixNano(), a.info.ModTime().UnixNano()) })
	for _, f := range files[min(kept, len(files)):] {
		_ = os.Remove(f.name)
	}
}

// run runs a command with what a test's own build sets taken back.
func run(env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(append(cmd.Environ(), "GOFLAGS="), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}
