//go:build runtimes

package runtimes

import (
	"os/exec"
	"strings"
	"testing"
)

// TestWasmtimeValidatesTheSpinComponent: the component of the world "spin" is one that
// Wasmtime compiles. "wasmtime serve" offers everything that it imports but Spin's own
// interfaces, and so refuses it for these.
func TestWasmtimeValidatesTheSpinComponent(t *testing.T) {
	compiled, err := component("spin", "")()
	if err != nil {
		t.Fatal(err)
	}
	path, err := wasmtime()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "serve", "-S", "cli", "--allow-precompiled", "--addr", "127.0.0.1:0", compiled)
	out, err := runs(cmd)
	if err == nil || !strings.Contains(string(out), "imports instance `fermyon:spin/") {
		t.Errorf("it is served or refused for something else (%v): %s", err, out)
	}
}
