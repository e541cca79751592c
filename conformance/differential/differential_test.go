package differential_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/differential"
)

// verdicts makes them of letters: a accepted, r refused, and the same in upper case for
// one that the application decided.
func verdicts(letters string) []conformance.Verdict {
	var out []conformance.Verdict
	for i, l := range letters {
		out = append(out, conformance.Verdict{Step: strconv.Itoa(i + 1), Accepted: l == 'a' || l == 'A', Own: l >= 'a'})
	}
	return out
}

func TestJudge(t *testing.T) {
	var played []conformance.Comparison
	for _, c := range []struct{ name, gateway, one, two string }{
		{"equal", "ar", "ar", "ar"},
		{"stricter", "ar", "aa", "ar"},
		{"laxer", "aa", "ar", "ar"},
		{"application", "ar", "AR", "Ar"},
	} {
		played = append(played, conformance.Comparison{Case: c.name, Gateway: verdicts(c.gateway),
			References: map[string][]conformance.Verdict{"one": verdicts(c.one), "two": verdicts(c.two)}})
	}
	names := []string{"one", "two"}
	differences, counts, err := differential.Judge(played, names)
	if err != nil || len(differences) != 2 {
		t.Fatalf("%v, %v", differences, err)
	}
	if got, want := *counts["one"], (differential.Counts{Played: 4, EqualRefused: 1, Stricter: 1, Laxer: 1, Application: 1}); got != want {
		t.Errorf("one: %+v, want %+v", got, want)
	}
	if got, want := *counts["two"], (differential.Counts{Played: 4, EqualRefused: 3, Laxer: 1}); got != want {
		t.Errorf("two: %+v, want %+v", got, want)
	}
	const lines = "case | one | two | gateway | reason\n" +
		"laxer | refused | refused | accepted | a specification that says in which of its sections why\n" +
		"stricter | accepted | refused | refused | as laxer\n"
	for name, c := range map[string]struct {
		ledger string
		errors int
	}{
		"all explained":  {lines, 0},
		"unexplained":    {strings.Join(strings.SplitAfter(lines, "\n")[:2], ""), 1},
		"another":        {strings.Replace(lines, "accepted | refused | refused", "accepted | accepted | refused", 1), 1},
		"stale":          {lines + "stricterstill | accepted | - | refused | as laxer\n", 1},
		"without a line": {strings.SplitAfter(lines, "\n")[0], 2},
	} {
		ledger, err := differential.Parse(c.ledger)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if errs := ledger.Compare(differences); len(errs) != c.errors {
			t.Errorf("%s: %v", name, errs)
		}
	}
	played[0].References = map[string][]conformance.Verdict{"one": verdicts("r"), "two": verdicts("aa")}
	if _, _, err := differential.Judge(played, names); err == nil {
		t.Error("references that differ at different steps are one line")
	}
}

func TestLedgerIsRead(t *testing.T) {
	const head, reason = "case | one | gateway | reason\n", " | because of section 4.1.2 of a specification\n"
	for name, data := range map[string]string{
		"nothing":          "",
		"other columns":    "case | reason\n",
		"too few":          head + "a | accepted | refused\n",
		"unknown verdict":  head + "a | perhaps | refused" + reason,
		"gateway without":  head + "a | accepted | -" + reason,
		"no difference":    head + "a | refused | refused" + reason,
		"no reason":        head + "a | accepted | refused | so\n",
		"as nothing":       head + "a | accepted | refused | as b\n",
		"twice":            head + "a | accepted | refused" + reason + "a | accepted | refused" + reason,
		"not in the order": head + "b | accepted | refused" + reason + "a | accepted | refused" + reason,
	} {
		if _, err := differential.Parse(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What is written holds together without the libraries, too: cases exist, and the counts
// of the document are the ledger's.
func TestLedgerAndDocument(t *testing.T) {
	ledger, err := differential.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range ledger.Lines {
		if _, err := os.Stat(filepath.Join("..", "testdata", "cases", line.Case+".txtar")); err != nil {
			t.Error(err)
		}
	}
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "differential.md"))
	if err != nil {
		t.Fatal(err)
	}
	for title, of := range map[string]func(stricter, laxer int) int{
		"stricter": func(stricter, _ int) int { return stricter },
		"laxer":    func(_, laxer int) int { return laxer },
	} {
		row := regexp.MustCompile(`(?m)^\| the gateway is ` + title + ` \|(.*)\|$`).FindStringSubmatch(string(doc))
		if row == nil {
			t.Fatalf("no row of the cases in which the gateway is %s", title)
		}
		cells := strings.Split(row[1], "|")
		if len(cells) != len(ledger.References) {
			t.Fatalf("%d columns, want %d", len(cells), len(ledger.References))
		}
		for i, name := range ledger.References {
			if got, want := strings.TrimSpace(cells[i]), strconv.Itoa(of(ledger.Of(name))); got != want {
				t.Errorf("%s than %s: the document says %s, the ledger %s", title, name, got, want)
			}
		}
	}
}
