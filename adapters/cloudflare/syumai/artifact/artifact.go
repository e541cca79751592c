// Package artifact builds a Worker with the tools of github.com/syumai/workers, as
// the build command of the example's wrangler.toml does. Tests and measurements use it.
package artifact

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Names in the folder.
const (
	// Main is the module that wrangler.toml names as main.
	Main = "worker.mjs"
	// Module is the Go program.
	Module = "app.wasm"
)

// Build writes the Worker whose Go program is the package path into dir, of which
// everything is removed before. It runs the go command, in the module of the working
// directory.
func Build(ctx context.Context, dir, path string) error {
	if err := run(ctx, nil, "tool", "workers-assets-gen", "-mode=go", "-o", dir); err != nil {
		return err
	}
	wasm := []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}
	return run(ctx, wasm, "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, Module), path)
}

func run(ctx context.Context, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	// Flags that fit the caller's build, such as -race, fit neither.
	cmd.Env = append(append(os.Environ(), "GOFLAGS="), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}
