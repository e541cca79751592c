package modules

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed document.md
var introduction string

// Platform is a column of the results.
type Platform struct {
	Name string
	// Partly says that it plays only cases in which the gateway uses the store.
	Partly bool
}

// Run is a case with one of its stores.
type Run struct {
	Name  string // the case's, with @PROFILE unless the store is strong
	Case  string
	Modes []string
	// Excused has why a platform does not play it, by platform.
	Excused map[string]string
}

// Document returns the text of docs/certification.md: each plan's modes with the cases
// that play them, and where these passed according to results.
func Document(runs []Run, platforms []Platform, results Results) string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, p := range Plans() {
		fmt.Fprintf(&b, "\n## %s\n\n", p.Title)
		if p.Name != "" {
			fmt.Fprintf(&b, "`%s`\n\n", p.Name)
		}
		if p.Note != "" {
			fmt.Fprintf(&b, "%s\n\n", p.Note)
		}
		b.WriteString("| mode | the gateway | cases |\n|---|---|---|\n")
		for _, m := range p.Modes {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Name, m.Must, strings.Join(cases(runs, m.Name), ", "))
		}
		b.WriteString("\n| mode |")
		for _, c := range platforms {
			fmt.Fprintf(&b, " %s |", c.Name)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(platforms)) + "\n")
		for _, m := range p.Modes {
			fmt.Fprintf(&b, "| `%s` |", shortened(m.Name))
			for _, c := range platforms {
				fmt.Fprintf(&b, " %s |", cell(playing(runs, m.Name), c, results))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n## What is excused\n\n")
	b.WriteString("From [the ledger](../conformance/ledger.txt), for the cases that play a mode.\n\n| platform | runs | why |\n|---|---|---|\n")
	for _, c := range platforms {
		reasons := map[string][]string{}
		for _, r := range runs {
			if why, ok := r.Excused[c.Name]; ok {
				reasons[why] = append(reasons[why], r.Name)
			}
		}
		for _, why := range slices.Sorted(maps.Keys(reasons)) {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name, counted(reasons[why]), why)
		}
	}
	return b.String()
}

// cell is how the runs of a mode went on a platform.
func cell(runs []Run, p Platform, results Results) string {
	passed, excused := 0, 0
	for _, r := range runs {
		if results.Passed(r.Name, p.Name) {
			passed++
		}
		if _, ok := r.Excused[p.Name]; ok {
			excused++
		}
	}
	switch {
	case len(runs) == 0:
		return "no case yet"
	case passed == len(runs):
		return fmt.Sprintf("✓ %d", passed)
	case passed > 0:
		return fmt.Sprintf("✓ %d of %d", passed, len(runs))
	case p.Partly:
		return "–"
	case excused == len(runs):
		return "excused"
	}
	return "not run"
}

// playing returns the runs that play mode.
func playing(runs []Run, mode string) []Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return !slices.Contains(r.Modes, mode) })
}

// cases returns the names of the cases that play mode, once each.
func cases(runs []Run, mode string) []string {
	var names []string
	for _, r := range playing(runs, mode) {
		names = append(names, "`"+r.Case+"`")
	}
	return slices.Compact(names)
}

// shortened leaves out what all certification modules' names begin with.
func shortened(mode string) string {
	if rest, ok := strings.CutPrefix(mode, certified+"test"); ok && rest != "" {
		return rest
	}
	return mode
}

// counted names a few runs and counts many.
func counted(runs []string) string {
	if len(runs) > 4 {
		return fmt.Sprint(len(runs))
	}
	return "`" + strings.Join(runs, "`, `") + "`"
}
