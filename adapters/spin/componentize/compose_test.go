package componentize

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWhatCanBeComposed(t *testing.T) {
	t.Parallel()
	const handler = "wasi:http/incoming-handler@0.2.3"
	for name, test := range map[string]struct {
		part part
		ok   bool
	}{
		"nothing imported":       {part{exports: []string{handler}}, true},
		"later versions of WASI": {part{imports: []string{"wasi:http/types@0.2.3", "wasi:cli/terminal-stdin@0.2.11"}, exports: []string{"wasi:cli/run@0.2.0", handler}}, true},
		"no handler":             {part{imports: []string{"wasi:http/types@0.2.0"}}, false},
		"handler of 0.3":         {part{exports: []string{"wasi:http/handler@0.3.0"}}, false},
		"types of 0.3":           {part{imports: []string{"wasi:http/types@0.3.0"}, exports: []string{handler}}, false},
		"not of WASI":            {part{imports: []string{"fermyon:spin/key-value@2.0.0"}, exports: []string{handler}}, false},
		"not offered":            {part{imports: []string{"wasi:sockets/tcp@0.2.0"}, exports: []string{handler}}, false},
		"of the gateway":         {part{imports: []string{"gatehouse:component/exchange"}, exports: []string{handler}}, false},
	} {
		if err := test.part.check(); (err == nil) != test.ok || err != nil && !errors.Is(err, ErrApplication) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWorldOfAText(t *testing.T) {
	t.Parallel()
	imports, exports := worldOf("package root:component;\n\nworld root {\n  import a:b/c@0.2.0;\n  import d;\n\n  export e;\n}\npackage a:b {\n  import no;\n}\n")
	if !slices.Equal(imports, []string{"a:b/c@0.2.0", "d"}) || !slices.Equal(exports, []string{"e"}) {
		t.Errorf("imports %q, exports %q", imports, exports)
	}
}

func TestWhatIsNoComponent(t *testing.T) {
	t.Parallel()
	whole := []byte("\x00asm\x0d\x00\x01\x00")
	w := writer{binary: whole}
	w.section(sectionType, []byte{2, 0x7f, 0x7f})
	w.section(sectionImport, append(appendName([]byte{1, 0}, "a"), sortInstance, 0))
	w.section(sectionAlias, appendName([]byte{1, sortType, 0, 0}, "t"))
	w.section(sectionImport, append(appendName([]byte{1, 0}, "b"), sortInstance, 1))
	end := len(w.binary)
	w.section(sectionModule, []byte("rest"))
	p, err := readPrefix(w.binary)
	if err != nil || !slices.Equal(p.imports, []string{"a", "b"}) || p.types != 3 || string(p.binary) != string(w.binary[:end]) || p.instance("b") != 1 {
		t.Errorf("prefix %+v, %v", p, err)
	}
	for n := range len(w.binary) {
		if _, err := readPrefix(w.binary[:n]); !errors.Is(err, errModule) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	for name, content := range map[string][]byte{
		"alias of a function":  append(w.binary[:8:8], sectionAlias, 5, 1, sortFunction, 0, 0, 0),
		"import of a function": append(w.binary[:8:8], sectionImport, 5, 1, 0, 0, sortFunction, 0),
		"another section":      append(w.binary[:8:8], sectionExport, 1, 0),
	} {
		if _, err := readPrefix(append(content, sectionModule, 0)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// laterApplication answers 200. It was made for another version of WASI.
const laterApplication = `(module
  (import "wasi:http/types@0.2.3" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.3" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.3" "[static]response-outparam.set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:filesystem/preopens@0.2.3" "get-directories" (func (param i32)))
  (import "wasi:filesystem/types@0.2.3" "[method]descriptor.sync" (func (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "wasi:http/incoming-handler@0.2.3#handle") (param $request i32) (param $out i32)
    (call $set (local.get $out) (i32.const 0) (call $response (call $fields))
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
`

// TestCompose: wasm-tools validates what becomes of two components. The application is
// made with other versions in the names of its interfaces.
func TestCompose(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules")
	}
	dir, wit := t.TempDir(), filepath.Join("..", "wit")
	if err := os.CopyFS(filepath.Join(dir, "wit"), os.DirFS(wit)); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(filepath.Join(dir, "wit"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "@0.2.0", "@0.2.3")), 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	const world = "package gatehouse:component;\nworld later { include wasi; import wasi:filesystem/preopens@0.2.3; import wasi:filesystem/types@0.2.3; }\n"
	if err := os.WriteFile(filepath.Join(dir, "wit", "later.wit"), []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "app.wat"), []byte(laterApplication), 0o600); err != nil {
		t.Fatal(err)
	}
	tools, err := openTools(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer tools.close(context.Background())
	for _, args := range [][]string{
		{"component", "embed", "--world", "later", "-o", "embedded.wasm", "wit", "app.wat"},
		{"component", "new", "-o", "app.wasm", "embedded.wasm"},
	} {
		if err := tools.run(context.Background(), dir, args...); err != nil {
			t.Fatal(err)
		}
	}
	application, out := filepath.Join(dir, "app.wasm"), filepath.Join(dir, "composed.wasm")
	cmd := exec.Command("go", "run", "./adapters/spin/build", "-world", Middleware, "-application", application, "-o", out, "-print")
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Env = append(cmd.Environ(), "GOFLAGS=")
	var message strings.Builder
	cmd.Stderr = &message
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, message.String())
	}
	imports, exports := worldOf(string(printed))
	slices.Sort(imports)
	want := append([]string{"wasi:filesystem/preopens@0.2.0", "wasi:filesystem/types@0.2.0"}, interfaces["wasi"]...)
	slices.Sort(want)
	if !slices.Equal(imports, want) || !slices.Equal(exports, []string{httpHandler}) {
		t.Errorf("the composed component's world is\n%s", printed)
	}

	if err := Compose(context.Background(), out, application, wit, out); !errors.Is(err, errGateway) {
		t.Errorf("a composed component is taken for the gateway: %v", err)
	}
	middleware := filepath.Join(dir, "middleware.wasm")
	cmd = exec.Command("go", "run", "./adapters/spin/build", "-world", Middleware, "-application", middleware, "-o", middleware)
	cmd.Dir, cmd.Env = filepath.Join("..", "..", ".."), append(cmd.Environ(), "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(text), ErrApplication.Error()) {
		t.Errorf("the gateway is taken for an application: %v\n%s", err, text)
	}
}
