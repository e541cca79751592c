package conformance

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of requirements in README.md")

// TestTable keeps the table of requirements in README.md true.
func TestTable(t *testing.T) {
	s, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	fmt.Fprint(&table, "| case | rule | spec |\n|---|---|---|\n")
	for _, c := range s.cases {
		cell := strings.NewReplacer("|", `\|`, "<", "&lt;")
		fmt.Fprintf(&table, "| %s | %s | %s |\n", c.Name, cell.Replace(c.Rule), cell.Replace(c.Spec))
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- table -->\n", "<!-- end of table -->\n"
	before, rest, ok := strings.Cut(string(readme), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md has no table")
	}
	want := before + begin + table.String() + end + after
	if want == string(readme) {
		return
	}
	if !*update {
		t.Fatal("the table of requirements is not what the cases say; run: go test ./conformance -run TestTable -update")
	}
	if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
