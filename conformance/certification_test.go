package conformance

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gatehouse/conformance/modules"
)

func TestEveryModeHasACase(t *testing.T) {
	s, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	played := map[string]bool{}
	for _, c := range s.cases {
		for _, m := range c.Modes {
			played[m] = true
		}
	}
	for _, p := range modules.Plans() {
		for _, m := range p.Modes {
			if !played[m.Name] {
				t.Errorf("no case plays %s", m.Name)
			}
		}
	}
}

// TestResults finds results of what is not played, and runs without a result on a
// platform that plays them and has no excuse.
func TestResults(t *testing.T) {
	s, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	results, err := modules.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]modules.Run{}
	for _, r := range s.modeRuns() {
		known[r.Name] = r
		for _, platform := range columns() {
			_, excused := r.Excused[platform.Name]
			if !platform.Partly && !excused && !results.Passed(r.Name, platform.Name) && !*update {
				t.Errorf("no result of %s on %s; %s says how to record it", r.Name, platform.Name, document)
			}
		}
	}
	for run, platforms := range results {
		r, ok := known[run]
		if !ok {
			if !*update {
				t.Errorf("results.txt has %s, which plays no mode", run)
			}
			continue
		}
		for _, platform := range platforms {
			if why, excused := r.Excused[platform]; excused || !slices.Contains(Platforms, platform) {
				t.Errorf("results.txt says that %s passes on %s, which is excused or unknown: %s", run, platform, why)
			}
		}
	}
}

// TestCertification keeps the document true.
func TestCertification(t *testing.T) {
	s, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := (&outcomes{}).save(s); err != nil {
			t.Fatal(err)
		}
		return
	}
	results, err := modules.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", document))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != modules.Document(s.modeRuns(), columns(), results) {
		t.Errorf("%s is not what the cases and the results say; run: go test ./conformance -run TestCertification -update", document)
	}
}
