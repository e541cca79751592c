package spin

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gatehouse/core/config"
)

// manifest returns the lines of spin.toml by table.
func manifest(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../spin.toml")
	if err != nil {
		t.Fatal(err)
	}
	tables, table := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			table = strings.Trim(line, "[]")
		default:
			tables[table] = append(tables[table], line)
		}
	}
	return tables
}

func TestManifestHasEverySetting(t *testing.T) {
	t.Parallel()
	tables := manifest(t)
	declared := map[string]string{}
	for _, line := range tables["variables"] {
		name, value, _ := strings.Cut(line, " = ")
		declared[name] = value
	}
	passed := strings.Join(tables["component.gatehouse.variables"], "\n") + "\n"
	for _, f := range append(config.Fields(&config.Config{}), Settings(&Config{}, true)...) {
		name := VariableName(f.Name)
		value, ok := declared[name]
		if !ok || strings.Contains(value, "secret = true") != f.Secret {
			t.Errorf("variable %s: %q, and its setting's Secret is %v", name, value, f.Secret)
		}
		if !f.Required && !strings.Contains(value, `default = ""`) {
			t.Errorf("variable %s has to be given: %q", name, value)
		}
		if want := fmt.Sprintf("%s = \"{{ %s }}\"\n", name, name); !strings.Contains(passed, want) {
			t.Errorf("the component is not given %s", name)
		}
	}
}
