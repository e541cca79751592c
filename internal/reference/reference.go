// Package reference holds the generated parts of documents to the code that they are
// generated from.
package reference

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated parts of documents")

// Part is what a document has between two lines, which are comments in Markdown.
type Part struct {
	// File is the document, as seen from the package under test.
	File string
	// Name is what the part is, such as "The gateway's settings".
	Name string
	// Command writes the part anew.
	Command string
}

// Check fails t if the part is not want; with the flag -update it is written.
func (p Part) Check(t *testing.T, want string) {
	t.Helper()
	text, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	begin := "<!-- " + p.Name + ": written by " + p.Command + " -->\n\n"
	end := "<!-- End of " + strings.ToLower(p.Name[:1]) + p.Name[1:] + ". -->\n"
	before, rest, hasBegin := strings.Cut(string(text), begin)
	got, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s lacks a line: %s%s", p.File, begin, end)
	}
	if *update {
		if err := os.WriteFile(p.File, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("%s is behind: run %s", p.File, p.Command)
	}
}
