// Package requirements holds docs/requirements.md to what it says: that what is named
// there exists, and that what the project cites is there, and in the project.
package requirements

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const (
	top      = "../.."
	document = "docs/requirements.md"
	cases    = "conformance/testdata/cases"
)

// requirement is one row of a table.
type requirement struct {
	id, heldBy string
	// missing: nothing holds it yet.
	missing bool
}

var (
	rowID    = regexp.MustCompile(`^[A-Z]\d+$`)
	quoted   = regexp.MustCompile("`([^`]+)`")
	link     = regexp.MustCompile(`\]\(([^)]+)\)`)
	citation = regexp.MustCompile(`\brequirements? ([A-Z]\d+(?:, [A-Z]\d+)*)`)
	address  = regexp.MustCompile(`^[A-Za-z0-9_./-]+\.md(#\S*)?$`)
	// Documents that are no part of the project, by names and numbers that it must
	// not cite.
	foreign = regexp.MustCompile(`seed[-]inventory|security[-]cases|\bdesign\.md|platform[-]facts|\bpeers\.md|\bstyle\.md|\bseed \d+\.\d|\bW\d+\b`)
)

// parse returns the rows of the tables in text whose first cell is an id.
func parse(text string) (rows []requirement) {
	missing := false
	for line := range strings.Lines(text) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			missing = strings.HasPrefix(heading, "Not held")
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if id := strings.TrimSpace(cells[0]); len(cells) == 3 && rowID.MatchString(id) {
			rows = append(rows, requirement{id, cells[2], missing})
		}
	}
	return rows
}

// held returns the cases, tests and documents that the last cell of a row names.
func held(cell string) (cases, tests, documents []string) {
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		if strings.Contains(m[1], ".") {
			tests = append(tests, m[1])
		} else {
			cases = append(cases, m[1])
		}
	}
	for _, m := range link.FindAllStringSubmatch(cell, -1) {
		documents = append(documents, m[1])
	}
	return cases, tests, documents
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(top, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEverythingThatHoldsARequirementExists(t *testing.T) {
	seen := map[string]bool{}
	rows := parse(read(t, document))
	if len(rows) < 100 {
		t.Fatalf("only %d rows found", len(rows))
	}
	for _, row := range rows {
		if seen[row.id] {
			t.Errorf("%s occurs twice", row.id)
		}
		seen[row.id] = true
		if row.missing {
			continue
		}
		names, tests, documents := held(row.heldBy)
		if len(names)+len(tests)+len(documents) == 0 {
			t.Errorf("%s: nothing holds it", row.id)
		}
		for _, name := range names {
			if found, err := filepath.Glob(filepath.Join(top, cases, name+".txtar")); err != nil || len(found) == 0 {
				t.Errorf("%s: no case %s", row.id, name)
			}
		}
		for _, name := range tests {
			if !testExists(name) {
				t.Errorf("%s: no test %s", row.id, name)
			}
		}
		for _, name := range documents {
			if !addressExists(path.Dir(document), name) {
				t.Errorf("%s: no %s", row.id, name)
			}
		}
	}
}

// testExists reports whether name, directory.Test, is a test.
func testExists(name string) bool {
	i := strings.LastIndexByte(name, '.')
	files, _ := filepath.Glob(filepath.Join(top, name[:i], "*_test.go"))
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte("\nfunc "+name[i+1:]+"(")) {
			return true
		}
	}
	return false
}

// addressExists reports whether there is a file at target, as seen from directory,
// with the heading that its fragment names.
func addressExists(directory, target string) bool {
	name, fragment, _ := strings.Cut(target, "#")
	data, err := os.ReadFile(filepath.Join(top, directory, name))
	return err == nil && (fragment == "" || slices.Contains(anchors(string(data)), fragment))
}

// anchors returns the fragments of a document's headings.
func anchors(markdown string) (found []string) {
	fenced := false
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		heading := strings.TrimLeft(line, "#")
		if fenced || heading == line || !strings.HasPrefix(heading, " ") {
			continue
		}
		found = append(found, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(heading)))
	}
	return found
}

// Each case says where its rule comes from: a requirement that is held, a heading of a
// document here, or a specification.
func TestCasesCiteWhatExists(t *testing.T) {
	held := map[string]bool{}
	for _, row := range parse(read(t, document)) {
		held[row.id] = !row.missing
	}
	files, err := os.ReadDir(filepath.Join(top, cases))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		for _, part := range strings.Split(spec(read(t, path.Join(cases, file.Name()))), ";") {
			part = strings.TrimSpace(part)
			if part == "" {
				t.Errorf("%s: spec has an empty part", file.Name())
			}
			if address.MatchString(part) && !addressExists("", part) {
				t.Errorf("%s: no %s", file.Name(), part)
			}
			ids, ok := strings.CutPrefix(part, "requirement")
			if !ok {
				continue
			}
			for id := range strings.SplitSeq(strings.TrimPrefix(ids, "s"), ",") {
				if id = strings.TrimSpace(id); !held[id] {
					t.Errorf("%s: %s does not say what holds %q", file.Name(), document, id)
				}
			}
		}
	}
}

// spec returns the value of a case's spec line, with those that continue it.
func spec(text string) string {
	var value strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		first, ok := strings.CutPrefix(line, "spec:")
		switch {
		case ok:
			line, inside = first, true
		case strings.HasPrefix(line, "-- "):
			return value.String()
		case line[0] != ' ' && line[0] != '\t':
			inside = false
		}
		if inside {
			value.WriteString(" " + strings.TrimSpace(line))
		}
	}
	return value.String()
}

// The project speaks of itself: its files cite no document that it does not have and
// no requirement that it does not list.
func TestNothingOutsideTheProjectIsCited(t *testing.T) {
	var ids []string
	for _, row := range parse(read(t, document)) {
		ids = append(ids, row.id)
	}
	checked := 0
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		// Other tests may remove what they made.
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if slices.Contains([]string{".git", ".cache", "output", "node_modules"}, name) {
				return fs.SkipDir
			}
			return nil
		}
		// Digests are no citations.
		if !d.Type().IsRegular() || name == "go.sum" || name == "package-lock.json" {
			return nil
		}
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) || bytes.IndexByte(data, 0) >= 0 {
			return nil
		}
		if err != nil {
			return err
		}
		checked++
		number := 0
		for line := range strings.Lines(string(data)) {
			number++
			for _, found := range foreign.FindAllString(line, -1) {
				t.Errorf("%s:%d: cites %q", file, number, found)
			}
			if strings.HasPrefix(filepath.ToSlash(file), top+"/"+cases) {
				continue // see TestCasesCiteWhatExists
			}
			for _, m := range citation.FindAllStringSubmatch(line, -1) {
				for id := range strings.SplitSeq(m[1], ", ") {
					if !slices.Contains(ids, id) {
						t.Errorf("%s:%d: %s has no %s", file, number, document, id)
					}
				}
			}
		}
		return nil
	})
	if err != nil || checked < 500 {
		t.Errorf("%d files checked, %v", checked, err)
	}
}

func TestMistakesAreFound(t *testing.T) {
	rows := parse("| id | a | b |\n|---|---|---|\n| S4 | x | `a_*`, `core/x.TestY`, [z](../Z.md#q) |\n## Not held yet\n| D2 | x | later |\n")
	if len(rows) != 2 || rows[0].id != "S4" || rows[0].missing || !rows[1].missing {
		t.Fatalf("rows are %v", rows)
	}
	names, tests, documents := held(rows[0].heldBy)
	if !slices.Equal(names, []string{"a_*"}) || !slices.Equal(tests, []string{"core/x.TestY"}) || !slices.Equal(documents, []string{"../Z.md#q"}) {
		t.Errorf("held by %q, %q, %q", names, tests, documents)
	}
	if testExists("core.TestOfNothing") || !testExists("internal/requirements.TestMistakesAreFound") {
		t.Error("tests are not looked up")
	}
	if addressExists("docs", "../README.md#nothing") || addressExists("", "NOTHING.md") || !addressExists("docs", "requirements.md#functions") {
		t.Error("documents are not looked up")
	}
	if got := anchors("# A b, c?\n```sh\n# no\n```\n## `X_y`-z\n#!no\n"); !slices.Equal(got, []string{"a-b-c", "x_y-z"}) {
		t.Errorf("anchors are %q", got)
	}
	if got := spec("rule: x\nspec: RFC 1;\n  requirement S4\nset: A=b\n  c\n-- request --\nspec: no\n"); got != " RFC 1; requirement S4" {
		t.Errorf("spec is %q", got)
	}
	for _, text := range []string{"design" + ".md 5", "seed" + "-inventory", "see W" + "14.", "style" + ".md"} {
		if !foreign.MatchString(text) {
			t.Errorf("%q is not found", text)
		}
	}
	for _, text := range []string{"DESIGN.md", "W3C", "lifestyle", "requirement S4"} {
		if foreign.MatchString(text) {
			t.Errorf("%q is found", text)
		}
	}
}
