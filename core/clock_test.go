package core_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// clockCalls returns the places in src that read the machine's clock instead of the
// platform's. Naming time.Now as a default value is no call.
func clockCalls(t *testing.T, name string, src any) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if p, ok := f.X.(*ast.Ident); ok && p.Name == "time" && (f.Sel.Name == "Now" || f.Sel.Name == "Since" || f.Sel.Name == "Until") {
			found = append(found, files.Position(call.Pos()).String())
		}
		return true
	})
	return found
}

func TestCoreGoesByThePlatformsClock(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		checked++
		for _, place := range clockCalls(t, path, nil) {
			// The reference driver is also for use outside the core.
			if !strings.HasPrefix(place, "kv/memory.go:") {
				t.Errorf("%s reads the machine's clock", place)
			}
		}
		return nil
	})
	if err != nil || checked < 20 {
		t.Fatalf("%d files checked, error %v", checked, err)
	}
}

func TestClockCallsAreFound(t *testing.T) {
	if len(clockCalls(t, "x.go", "package x\nimport \"time\"\nvar a = time.Now()\nvar b = time.Now")) != 1 {
		t.Error("a call of time.Now passes, or naming it fails")
	}
}
