// Package componentize makes components of Gatehouse's core modules with nothing but
// Go: "go build" links the core module, and wasm-tools, itself a WebAssembly module
// that comes with a Go module, runs in wazero and adds the world and the functions of
// preview 1 (preview1.wat).
//
// What it makes depends on the sources and the versions in this file only.
package componentize

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gatehouse/internal/wasmbuild"
)

// Worlds are the names of the components there are: WIT worlds of adapters/spin/wit, and
// directories below adapters/spin/component.
var Worlds = []string{"spin", "wasi", Middleware}

// Program is the package of the gateway for world.
func Program(world string) string { return "gatehouse/adapters/spin/component/" + world }

// Core links program, the path of a package, as it is deployed, to the file out. It is
// run inside of the repository.
func Core(ctx context.Context, program, out string) error {
	args := append([]string{"build", "-buildmode=c-shared"}, wasmbuild.Flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", out, program)...)
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if message, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("componentize: go build: %w\n%s", err, message)
	}
	return nil
}

// preview1 is the text of the module that stands in for WASI preview 1.
//
//go:embed preview1.wat
var preview1 []byte

// Component turns the core module in the file core into a component in the file out.
// wit is a directory with the WIT text of world.
func Component(ctx context.Context, core, wit, world, out string) error {
	tools, err := openTools(ctx)
	if err != nil {
		return err
	}
	defer tools.close(ctx)
	module, err := os.ReadFile(core)
	if err != nil {
		return fmt.Errorf("componentize: %w", err)
	}
	if module, err = distinctImports(module); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "gatehouse-component-")
	if err != nil {
		return fmt.Errorf("componentize: %w", err)
	}
	defer os.RemoveAll(work)
	for _, step := range []func() error{
		func() error { return os.WriteFile(filepath.Join(work, "core.wasm"), module, 0o600) },
		func() error { return os.WriteFile(filepath.Join(work, "preview1.wat"), preview1, 0o600) },
		func() error { return os.CopyFS(filepath.Join(work, "wit"), os.DirFS(wit)) },
		func() error {
			return tools.run(ctx, work, "component", "embed", "--world", "preview1", "-o", "preview1.wasm", "wit", "preview1.wat")
		},
		func() error {
			return tools.run(ctx, work, "component", "embed", "--world", world, "-o", "embedded.wasm", "wit", "core.wasm")
		},
		func() error {
			return tools.run(ctx, work, "component", "new", "--adapt", "wasi_snapshot_preview1=preview1.wasm", "-o", "component.wasm", "embedded.wasm")
		},
	} {
		if err := step(); err != nil {
			return fmt.Errorf("componentize: %w", err)
		}
	}
	component, err := os.ReadFile(filepath.Join(work, "component.wasm"))
	if err != nil {
		return fmt.Errorf("componentize: %w", err)
	}
	if err := os.WriteFile(out, component, 0o644); err != nil {
		return fmt.Errorf("componentize: %w", err)
	}
	return nil
}

// Interfaces prints the world of the component in the file component: what it imports
// from a host and exports to it.
func Interfaces(ctx context.Context, component string) (string, error) {
	tools, err := openTools(ctx)
	if err != nil {
		return "", err
	}
	defer tools.close(ctx)
	dir, name := filepath.Split(component)
	var out strings.Builder
	tools.stdout = &out
	if err := tools.run(ctx, filepath.Join(dir, "."), "component", "wit", name); err != nil {
		return "", fmt.Errorf("componentize: %w", err)
	}
	world, _, _ := strings.Cut(out.String(), "\n}\n")
	return world + "\n}\n", nil
}
