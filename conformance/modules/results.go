package modules

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed results.txt
var recorded string

// Results are the platforms on which each run of a case passed, by the run's name: the
// case's, or NAME@PROFILE. They are recorded from runs and never written by hand.
type Results map[string][]string

const resultsHead = "# Where the runs that play a mode passed: RUN PLATFORM PLATFORM...\n" +
	"# Written by the suite with -update; docs/certification.md says how.\n"

// Recorded returns the results that the repository holds.
func Recorded() (Results, error) { return ParseResults(recorded) }

// ParseResults reads the form that [Results.String] writes.
func ParseResults(text string) (Results, error) {
	r := Results{}
	for n, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if _, twice := r[f[0]]; twice || len(f) < 2 {
			return nil, fmt.Errorf("results line %d: want RUN PLATFORM..., once for each run", n+1)
		}
		r[f[0]] = f[1:]
	}
	return r, nil
}

// Passed reports whether run passed on platform.
func (r Results) Passed(run, platform string) bool { return slices.Contains(r[run], platform) }

// Set notes whether run passed on platform.
func (r Results) Set(run, platform string, passed bool) {
	others := slices.DeleteFunc(slices.Clone(r[run]), func(p string) bool { return p == platform })
	if passed {
		others = append(others, platform)
	}
	if r[run] = others; len(others) == 0 {
		delete(r, run)
	}
}

// String is one line for each run, sorted.
func (r Results) String() string {
	var b strings.Builder
	b.WriteString(resultsHead)
	for _, run := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(&b, "%s %s\n", run, strings.Join(slices.Sorted(slices.Values(r[run])), " "))
	}
	return b.String()
}
