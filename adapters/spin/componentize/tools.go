package componentize

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

// The Go module that carries wasm-tools 1.230, for its own use. It is no dependency of
// ours: the go command downloads and verifies it when a component is built.
const (
	toolsModule = "go.bytecodealliance.org@v0.7.0"
	toolsFile   = "internal/wasmtools/wasm-tools.wasm.gz"
	toolsSum    = "732779402af524ca78074b953bf11932020ac7a019c8ab9fc15a9eef7fb7e090"
)

// tools is wasm-tools, compiled.
type tools struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	stdout  io.Writer
}

// openTools fetches and compiles wasm-tools. The compiled form is cached in the user's
// cache directory.
func openTools(ctx context.Context) (*tools, error) {
	program, err := fetchTools(ctx)
	if err != nil {
		return nil, err
	}
	config := wazero.NewRuntimeConfig()
	if dir, err := os.UserCacheDir(); err == nil {
		if cache, err := wazero.NewCompilationCacheWithDir(filepath.Join(dir, "gatehouse", "wazero")); err == nil {
			config = config.WithCompilationCache(cache)
		}
	}
	t := &tools{runtime: wazero.NewRuntimeWithConfig(ctx, config), stdout: io.Discard}
	if _, err = wasi_snapshot_preview1.Instantiate(ctx, t.runtime); err == nil {
		t.module, err = t.runtime.CompileModule(ctx, program)
	}
	if err != nil {
		t.close(ctx)
		return nil, fmt.Errorf("componentize: wasm-tools: %w", err)
	}
	return t, nil
}

func (t *tools) close(ctx context.Context) { _ = t.runtime.Close(ctx) }

// run calls wasm-tools with args in the directory dir, outside of which it sees
// nothing.
func (t *tools) run(ctx context.Context, dir string, args ...string) error {
	var message strings.Builder
	config := wazero.NewModuleConfig().WithName("").
		WithArgs(append([]string{"wasm-tools"}, args...)...).
		WithStdout(t.stdout).WithStderr(&message).WithRandSource(rand.Reader).
		WithFSConfig(wazero.NewFSConfig().WithDirMount(dir, "."))
	instance, err := t.runtime.InstantiateModule(ctx, t.module, config)
	if instance != nil {
		_ = instance.Close(ctx)
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 0 {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("wasm-tools %s: %w\n%s", strings.Join(args, " "), err, message.String())
	}
	return nil
}

// fetchTools returns the program.
func fetchTools(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", toolsModule)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	answer, err := cmd.Output()
	var module struct{ Dir, Error string }
	if parse := json.Unmarshal(answer, &module); parse != nil || module.Error != "" || module.Dir == "" {
		return nil, fmt.Errorf("componentize: go mod download %s: %s (%v)", toolsModule, module.Error, err)
	}
	packed, err := os.ReadFile(filepath.Join(module.Dir, filepath.FromSlash(toolsFile)))
	if err != nil {
		return nil, fmt.Errorf("componentize: %w", err)
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != toolsSum {
		return nil, fmt.Errorf("componentize: %s of %s is not the file that it was", toolsFile, toolsModule)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("componentize: wasm-tools: %w", err)
	}
	program, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("componentize: wasm-tools: %w", err)
	}
	return program, nil
}
