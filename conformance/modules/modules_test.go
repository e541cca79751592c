package modules

import (
	"slices"
	"strings"
	"testing"
)

// TestPlans holds the certification plans to the number of their modules, and names to
// being unique within a plan and outside the certification plans.
func TestPlans(t *testing.T) {
	counts := map[string]int{
		"oidcc-client-basic-certification-test-plan":          14,
		"oidcc-client-config-certification-test-plan":         6,
		"oidcc-client-rp-initiated-logout-rp-basic":           3,
		"oidcc-client-back-channel-logout-rp-basic":           8,
		"oidcc-client-front-channel-logout-rp-basic":          1,
		"oidcc-client-refreshtoken-test-plan":                 3,
		"oidcc-client-test-3rd-party-init-login-test-plan":    1,
		"oidcc-client-formpost-basic-certification-test-plan": 1, // the others end like the first
	}
	must := map[string]string{}
	for _, p := range Plans() {
		if p.Name != "" && len(p.Modes) != counts[p.Name] {
			t.Errorf("%s has %d modes, want %d", p.Name, len(p.Modes), counts[p.Name])
		}
		delete(counts, p.Name)
		if p.Title == "" {
			t.Errorf("%s has no title", p.Name)
		}
		for _, m := range p.Modes {
			first, again := must[m.Name]
			if again && (p.Name == "" || first != m.Must) {
				t.Errorf("%s occurs twice, in different words or outside the certification plans", m.Name)
			}
			must[m.Name] = m.Must
			if !strings.HasSuffix(m.Must, ".") || strings.ContainsAny(m.Name, " |\n") || strings.ContainsAny(m.Must, "|\n") {
				t.Errorf("%s: malformed name or sentence %q", m.Name, m.Must)
			}
			if p.Name == "" && strings.HasPrefix(m.Name, certified) {
				t.Errorf("%s is named like a certification module", m.Name)
			}
		}
	}
	for name := range counts {
		t.Errorf("no plan %s", name)
	}
}

func TestCited(t *testing.T) {
	got := Cited("RFC 0 1;oidcc-client-test ; requirement D1; oidcc-client-sings")
	if want := []string{"oidcc-client-test", "oidcc-client-sings"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestResultsRoundTrip(t *testing.T) {
	r, err := ParseResults("# head\nb native\na@down worker native\n")
	if err != nil {
		t.Fatal(err)
	}
	r.Set("c", "spin", true)
	r.Set("b", "native", false)
	r.Set("a@down", "wasi", true)
	r.Set("a@down", "wasi", true)
	if got, want := r.String(), resultsHead+"a@down native wasi worker\nc spin\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	again, err := ParseResults(r.String())
	if err != nil || again.String() != r.String() || !again.Passed("c", "spin") || again.Passed("c", "native") {
		t.Errorf("read again: %v, %v", again, err)
	}
	for _, bad := range []string{"a\n", "a native\na worker\n"} {
		if r, err := ParseResults(bad); err == nil || r != nil {
			t.Errorf("%q: got %v, want an error", bad, r)
		}
	}
}

func TestCells(t *testing.T) {
	runs := []Run{
		{Name: "a", Excused: map[string]string{"p": "clock", "q": "clock"}},
		{Name: "b", Excused: map[string]string{"q": "clock"}},
	}
	results := Results{"a": {"n", "d"}, "b": {"n", "p"}}
	for _, tt := range []struct {
		platform Platform
		runs     []Run
		want     string
	}{
		{Platform{Name: "n"}, runs, "✓ 2"},
		{Platform{Name: "p"}, runs, "✓ 1 of 2"},
		{Platform{Name: "q"}, runs, "excused"},
		{Platform{Name: "d", Partly: true}, runs, "✓ 1 of 2"},
		{Platform{Name: "e", Partly: true}, runs, "–"},
		{Platform{Name: "u"}, runs, "not run"},
		{Platform{Name: "n"}, nil, "no case yet"},
	} {
		if got := cell(tt.runs, tt.platform, results); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.platform.Name, got, tt.want)
		}
	}
}

func TestDocumentNamesEverything(t *testing.T) {
	doc := Document([]Run{
		{Name: "a", Case: "a", Modes: []string{"hanging"}},
		{Name: "a@down", Case: "a", Modes: []string{"hanging"}, Excused: map[string]string{"p": "it has no store"}},
	}, []Platform{{Name: "p"}}, Results{"a": {"p"}})
	for _, p := range Plans() {
		if !strings.Contains(doc, "\n## "+p.Title+"\n") {
			t.Errorf("no heading %s", p.Title)
		}
		for _, m := range p.Modes {
			if !strings.Contains(doc, "| `"+m.Name+"` | "+m.Must+" |") {
				t.Errorf("no row %s", m.Name)
			}
		}
	}
	for _, want := range []string{"not a certification by the OpenID Foundation", "| `a` |\n", "| `hanging` | ✓ 1 of 2 |\n", "| p | `a@down` | it has no store |\n"} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %q", want)
		}
	}
}
