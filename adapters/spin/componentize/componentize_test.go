package componentize

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// budget is the largest compressed core module, and the largest compressed component, in
// bytes.
const budget = 2_600_000

// interfaces are what a component may import: hosts offer nothing else as a rule.
var interfaces = map[string][]string{
	"wasi": {
		"wasi:cli/environment@0.2.0", "wasi:cli/stderr@0.2.0", "wasi:clocks/monotonic-clock@0.2.0", "wasi:clocks/wall-clock@0.2.0",
		"wasi:http/outgoing-handler@0.2.0", "wasi:http/types@0.2.0", "wasi:io/error@0.2.0", "wasi:io/poll@0.2.0",
		"wasi:io/streams@0.2.0", "wasi:random/random@0.2.0",
	},
	"spin":     {"fermyon:spin/key-value@2.0.0", "fermyon:spin/variables@2.0.0"},
	Middleware: {"gatehouse:component/application", "gatehouse:component/exchange"},
}

func TestComponents(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules")
	}
	for _, world := range Worlds {
		t.Run(world, func(t *testing.T) {
			dir := t.TempDir()
			core, out := filepath.Join(dir, "core.wasm"), filepath.Join(dir, "component.wasm")
			// In a process of its own, because under -race wasm-tools takes a minute.
			cmd := exec.Command("go", "run", "./adapters/spin/build", "-world", world, "-core", core, "-o", out, "-print")
			cmd.Dir = filepath.Join("..", "..", "..")
			cmd.Env = append(cmd.Environ(), "GOFLAGS=")
			var message strings.Builder
			cmd.Stderr = &message
			printed, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, message.String())
			}
			text := string(printed)
			allowed := strings.Join(append(interfaces["wasi"], interfaces[world]...), " ") + " "
			imports := 0
			for line := range strings.Lines(text) {
				name, isImport := strings.CutPrefix(strings.Trim(line, " ;\n"), "import ")
				if !isImport {
					continue
				}
				imports++
				if !strings.Contains(allowed, name+" ") {
					t.Errorf("imports %s", name)
				}
			}
			if imports < len(interfaces["wasi"]) || !strings.Contains(text, "export wasi:http/incoming-handler@0.2.0;") {
				t.Errorf("the component's world is\n%s", text)
			}
			module, err := os.ReadFile(core)
			if err != nil {
				t.Fatal(err)
			}
			component, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			for name, file := range map[string][]byte{"core module": module, "component": component} {
				size := compressed(file)
				t.Logf("%s: %s %d bytes gzip, %d raw", world, name, size, len(file))
				if size > budget {
					t.Errorf("the %s has %d bytes gzip, budget %d", name, size, budget)
				}
			}
		})
	}
}

func compressed(data []byte) int {
	var size counter
	z, _ := gzip.NewWriterLevel(&size, gzip.BestCompression)
	_, _ = io.Copy(z, bytes.NewReader(data))
	_ = z.Close()
	return int(size)
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// module is a module with an import section and another one behind it.
func module(imports ...[2]string) []byte {
	section := []byte{byte(len(imports))}
	for i, name := range imports {
		section = appendVector(appendVector(section, []byte(name[0])), []byte(name[1]))
		section = append(section, 0, byte(i))
	}
	out := append([]byte("\x00asm\x01\x00\x00\x00"), 1, 2, 0xaa, 0xbb) // a type section
	out = appendVector(append(out, importSection), section)
	return append(out, 3, 1, 0xcc) // a function section
}

func TestImportsGetNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	got, err := distinctImports(module([2]string{"a", "x"}, [2]string{"a", "y"}, [2]string{"a", "x"}, [2]string{"b", "x"}, [2]string{"a", "x"}))
	want := module([2]string{"a", "x"}, [2]string{"a", "y"}, [2]string{"a", "x.2"}, [2]string{"b", "x"}, [2]string{"a", "x.3"})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	same := module([2]string{"a", "x"}, [2]string{"b", "x"})
	if got, err := distinctImports(same); err != nil || !bytes.Equal(got, same) {
		t.Errorf("a module without doubled imports becomes %q, %v", got, err)
	}
}

func TestWhatIsNoModule(t *testing.T) {
	t.Parallel()
	whole := module([2]string{"a", "x"})
	for n := range len(whole) {
		got, err := distinctImports(whole[:n])
		// What ends behind a section is a module as well.
		if n == 8 || n == 12 || n == len(whole)-3 {
			continue
		}
		if !errors.Is(err, errModule) {
			t.Errorf("the first %d bytes become %q, %v", n, got, err)
		}
	}
}
