package broker

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gatehouse/client"
)

// operation is one method of a path in docs/broker.openapi.json.
type operation struct {
	Parameters  []struct{ Name, In, Ref string }
	RequestBody json.RawMessage
	Responses   map[string]struct {
		Ref         string `json:"$ref"`
		Description string
	}
}

// document is what the test reads of docs/broker.openapi.json.
type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas map[string]struct {
			Required   []string
			Properties map[string]struct {
				Enum        []string
				Description string
			}
		}
	}
}

func readDocument(t *testing.T) document {
	t.Helper()
	data, err := os.ReadFile("../../docs/broker.openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Paths) == 0 {
		t.Fatal("the document has no paths")
	}
	return d
}

// The document has the routes and methods that there are, and no others.
func TestOpenAPIDocumentHasTheRoutes(t *testing.T) {
	described := map[string][]string{}
	for path, operations := range readDocument(t).Paths {
		path = strings.TrimSuffix(strings.TrimSuffix(path, "{path}"), "{provider}/")
		path = strings.TrimSuffix(path, "{provider}")
		for method := range operations {
			described[path] = append(described[path], strings.ToUpper(method))
		}
	}
	for path, r := range New(Options{Alone: true}).routes {
		got, want := described[path], slices.Clone(r.methods)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: described are %v, and there are %v", path, got, want)
		}
		delete(described, path)
	}
	for path, methods := range described {
		t.Errorf("%s: described are %v, and there is no such route", path, methods)
	}
}

// statuses returns the statuses that each code comes with, as this package's sources
// have them.
func statuses(t *testing.T) map[string][]int {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]int{}
	for status := range 600 {
		if text := http.StatusText(status); text != "" {
			named["Status"+strings.NewReplacer(" ", "", "-", "", "'", "").Replace(text)] = status
		}
	}
	found := map[string][]int{"internal_error": {http.StatusInternalServerError}} // of package problem
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if s, ok := literal.Type.(*ast.SelectorExpr); !ok || s.Sel.Name != "Problem" {
				return true
			}
			status, code := 0, ""
			for _, element := range literal.Elts {
				pair, ok := element.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				switch value := pair.Value.(type) {
				case *ast.SelectorExpr:
					if pair.Key.(*ast.Ident).Name == "Status" {
						status = named[value.Sel.Name]
					}
				case *ast.BasicLit:
					if pair.Key.(*ast.Ident).Name == "Code" {
						code, _ = strconv.Unquote(value.Value)
					}
				}
			}
			if status == 0 || code == "" {
				t.Errorf("%s: a problem without a status or a code that this test can read", name)
				return true
			}
			if !slices.Contains(found[code], status) {
				found[code] = append(found[code], status)
			}
			return true
		})
	}
	return found
}

// The document has the codes that there are, each with its statuses, and so has package
// client.
func TestOpenAPIDocumentHasTheCodes(t *testing.T) {
	real := statuses(t)
	if len(real) < 20 {
		t.Fatalf("only %d codes found", len(real))
	}
	d := readDocument(t)
	code := d.Components.Schemas["Error"].Properties["code"]
	for _, c := range code.Enum {
		if real[c] == nil {
			t.Errorf("%s is described, and there is no such code", c)
		}
		if !strings.Contains(code.Description, "- `"+c+"`: ") {
			t.Errorf("%s is not explained", c)
		}
	}
	for c := range real {
		if !slices.Contains(code.Enum, c) {
			t.Errorf("%s is not described", c)
		}
		if !slices.Contains(client.Codes(), client.Code(c)) {
			t.Errorf("package client does not know %s", c)
		}
	}
	for _, c := range client.Codes() {
		if real[string(c)] == nil {
			t.Errorf("package client knows %s, and there is no such code", c)
		}
	}
	used := map[string]bool{"not_found": true, "method_not_allowed": true} // at no operation
	for path, operations := range d.Paths {
		for method, o := range operations {
			for status, r := range o.Responses {
				if !strings.HasSuffix(r.Ref, "/Error") && !strings.HasSuffix(r.Ref, "/ErrorPage") {
					continue
				}
				for _, c := range strings.Split(r.Description, ", ") {
					used[c] = true
					if n, _ := strconv.Atoi(status); !slices.Contains(real[c], n) {
						t.Errorf("%s %s: %s does not come with %s", method, path, c, status)
					}
				}
			}
		}
	}
	for c := range real {
		if !used[c] {
			t.Errorf("%s is at no operation", c)
		}
	}
}

// What programs are answered has the members that the document names.
func TestOpenAPIDocumentHasTheMembers(t *testing.T) {
	d := readDocument(t)
	members := func(v any) (names []string) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		for name := range m {
			names = append(names, name)
		}
		return names
	}
	for name, v := range map[string]any{
		"Started":  started{"a", 1, 1, "p", "u", "v", "c"},
		"Identity": about{"p", "u", "n", "s", 1, 1},
		"Provider": listed{"n", "t", nil, nil, nil},
		"Error":    envelope{true, "m", 400, "c"},
		"Session":  New(Options{}).describe(collection{Handle: "h", Key: "k"}),
	} {
		schema := d.Components.Schemas[name]
		got := members(v)
		for _, member := range got {
			if _, ok := schema.Properties[member]; !ok {
				t.Errorf("%s.%s is not described", name, member)
			}
		}
		for _, member := range schema.Required {
			if !slices.Contains(got, member) {
				t.Errorf("%s.%s is required, and not there", name, member)
			}
		}
	}
	for name := range d.Components.Schemas["Start"].Properties {
		if !slices.Contains([]string{"provider", "flow", "code_challenge", "code_challenge_method", "redirect_uri", "state", "scope"}, name) {
			t.Errorf("Start.%s is not known here", name)
		}
	}
}
