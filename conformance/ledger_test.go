package conformance

import (
	"strings"
	"testing"
)

// TestExcuses: an excused case that fails is skipped, one that passes makes the line
// stale, and a feature's cases are not run.
func TestExcuses(t *testing.T) {
	passes := func(testing.TB) {}
	fails := func(t testing.TB) { t.Fatal("no") }
	for _, tt := range []struct {
		name, subject string
		run           func(testing.TB)
		skipped       bool
		want          string
	}{
		{"a case that fails", "a", fails, true, ""},
		{"a case that passes", "a", passes, false, "stale line: a passes on native"},
		{"a feature", "@advance", passes, true, ""},
	} {
		r := &recordingTB{TB: t}
		r.do(func(t testing.TB) { (&excuse{"native", tt.subject, "2026-01-01", "runtime: x"}).hold(t, tt.run) })
		if r.skipped != tt.skipped || r.Failed() != (tt.want != "") || !strings.Contains(r.text.String(), tt.want) {
			t.Errorf("%s: skipped %v, failed %v: %s", tt.name, r.skipped, r.Failed(), r.text.String())
		}
	}
}

func TestExcusesCover(t *testing.T) {
	c, err := ParseCase("a", []byte(head+"profile: strong down\n-- request --\n@advance 1s\nGET /\n"+ok200))
	if err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]string{"a": "strong", "a@down": "down", "@advance": "strong down", "@peer": "", "b": ""} {
		var got []string
		for _, p := range c.Profiles {
			if (excuses{{"native", subject, "2026-01-01", "runtime: x"}}).find(c, p) != nil {
				got = append(got, p)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s covers %q, want %q", subject, got, want)
		}
	}
}

func TestReasons(t *testing.T) {
	for line, valid := range map[string]bool{
		"worker a 2026-11-22 runtime: an interface cannot":       true,
		"syumai a 2026-11-22 library: a library v1.0.0 cannot":   true,
		"native a 2026-11-22 platform: it is about another":      true,
		"worker a 2026-11-22 later: it is not done":              false,
		"worker a 2026-11-22 library":                            false,
		"worker a 2026-11-22":                                    false,
		"nowhere a 2026-11-22 runtime: an interface cannot":      false,
		"worker a yesterday runtime: an interface cannot":        false,
		"# a comment\n\nworker a 2026-11-22 platform: another's": true,
	} {
		if _, err := parseLedger(line); (err == nil) != valid {
			t.Errorf("%q: %v", line, err)
		}
	}
}
