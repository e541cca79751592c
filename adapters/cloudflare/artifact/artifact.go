// Package artifact builds the Worker: one folder with everything that wrangler and
// workerd load, as they load it, without a bundler. Tests build the very same.
package artifact

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gatehouse/internal/wasmbuild"
)

// Names in the folder.
const (
	// Main is the module that wrangler.toml names as main.
	Main = "worker.mjs"
	// Module is the Go program.
	Module = "gatehouse.wasm"
	// Support is Go's own support for it.
	Support = "wasm_exec.js"
)

const program = "gatehouse/adapters/cloudflare/worker"

// Build writes the Worker into dir, which is made if need be, and replaces what an
// earlier build left there. It runs the go command, in the module of the working
// directory.
func Build(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	source, err := output(ctx, "list", "-f", "{{.Dir}}", program)
	if err != nil {
		return err
	}
	root, err := output(ctx, "env", "GOROOT")
	if err != nil {
		return err
	}
	scripts, err := filepath.Glob(filepath.Join(source, "*.mjs"))
	if err != nil {
		return err
	}
	for _, from := range append(scripts, filepath.Join(root, "lib", "wasm", Support)) {
		if err := install(from, dir); err != nil {
			return err
		}
	}
	args := append([]string{"build"}, wasmbuild.Flags...)
	_, err = output(ctx, append(args, "-o", filepath.Join(dir, Module), program)...)
	return err
}

// output runs the go command for the Worker's platform and returns what it prints.
func output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	// Flags that fit the machine, such as -race, do not fit WebAssembly.
	cmd.Env = append(cmd.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	var message strings.Builder
	cmd.Stderr = &message
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, message.String())
	}
	return strings.TrimSpace(string(printed)), nil
}

func install(from, dir string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, filepath.Base(from)), data, fs.FileMode(0o644))
}
