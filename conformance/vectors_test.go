package conformance

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// TestSignatureVectorsInWebAssembly runs the tests of package signing that have vectors
// as the compiler makes them for WebAssembly. Cases play those that a gateway or broker
// can be led to; not all can.
func TestSignatureVectorsInWebAssembly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "signing.wasm")
	cmd := exec.Command("go", "test", "-c", "-o", file, "gatehouse/core/signing")
	cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	module, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter()) // it runs once
	defer r.Close(t.Context())
	wasi_snapshot_preview1.MustInstantiate(t.Context(), r)
	var out bytes.Buffer
	c := wazero.NewModuleConfig().WithArgs("signing", "-test.v", "-test.run", "^TestLastFMVectors$|^TestAssertionVectors$").
		WithStdout(&out).WithStderr(&out).WithSysWalltime().WithSysNanotime().
		WithFSConfig(wazero.NewFSConfig().WithReadOnlyDirMount(filepath.Join("..", "core", "signing"), "/"))
	// The program ends by its exit code, which is an error for 0 too.
	_, _ = r.InstantiateWithConfig(t.Context(), module, c)
	for _, passed := range []string{"--- PASS: TestLastFMVectors/L7", "--- PASS: TestLastFMVectors ", "--- PASS: TestAssertionVectors ", "\nPASS\n"} {
		if !bytes.Contains(out.Bytes(), []byte(passed)) {
			t.Fatalf("no %q in\n%s", passed, out.Bytes())
		}
	}
}
