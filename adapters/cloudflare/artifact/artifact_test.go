package artifact

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// budget is the largest compressed module in bytes.
const budget = 2_600_000

func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	dir := filepath.Join(t.TempDir(), "worker")
	if err := Build(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile(filepath.Join(dir, Module))
	if err != nil {
		t.Fatal(err)
	}
	var size counter
	z, _ := gzip.NewWriterLevel(&size, gzip.BestCompression)
	_, _ = io.Copy(z, bytes.NewReader(module))
	_ = z.Close()
	t.Logf("%d bytes gzip, %d bytes raw", size, len(module))
	if size > budget {
		t.Errorf("%d bytes gzip, budget %d", size, budget)
	}
	// Every module that a script imports is in the folder, or the runtime's own.
	scripts, _ := filepath.Glob(filepath.Join(dir, "*.mjs"))
	seen := 0
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "import ") && !strings.HasPrefix(line, "export {") {
				continue
			}
			_, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), `";`), `"`)
			if !ok || strings.HasPrefix(name, "cloudflare:") {
				continue
			}
			seen++
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s imports %s: %v", filepath.Base(script), name, err)
			}
		}
	}
	if seen < 5 {
		t.Errorf("found %d imports only", seen)
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
