package conformance

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"gatehouse/conformance/modules"
)

// modeRuns are the runs of the cases that play a mode, in order.
func (s *suite) modeRuns() []modules.Run {
	var runs []modules.Run
	for _, c := range s.cases {
		if len(c.Modes) == 0 {
			continue
		}
		for _, profile := range c.Profiles {
			r := modules.Run{Name: runName(c, profile), Case: c.Name, Modes: c.Modes, Excused: map[string]string{}}
			for _, e := range s.ledger {
				if e.covers(c, profile) {
					r.Excused[e.platform] = e.reason
				}
			}
			runs = append(runs, r)
		}
	}
	return runs
}

// columns are the platforms of the document.
func columns() []modules.Platform {
	var out []modules.Platform
	for _, name := range Platforms {
		out = append(out, modules.Platform{Name: name, Partly: name == "worker-durable"})
	}
	return out
}

// outcomes are how the runs that play a mode went on one platform.
type outcomes struct {
	platform string
	mu       sync.Mutex
	passed   map[string]bool // a run that is skipped has not passed
}

// watch notes how t goes, which is the run called name.
func (o *outcomes) watch(t *testing.T, name string) {
	t.Cleanup(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.passed[name] = !t.Failed() && !t.Skipped()
	})
}

// settle holds what was recorded to what happened; with -update it records that.
func (o *outcomes) settle(t *testing.T, s *suite) {
	if updating() {
		if err := o.save(s); err != nil {
			t.Error(err)
		}
		return
	}
	recorded, err := modules.Recorded()
	if err != nil {
		t.Error(err)
	}
	for name, passed := range o.passed {
		if !passed && recorded.Passed(name, o.platform) {
			t.Errorf("%s has not passed on %s, and modules/results.txt says that it does; docs/certification.md says how to record", name, o.platform)
		}
	}
}

// updating reports whether the test program has a flag -update that is set.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// saving is held while the files are written.
var saving sync.Mutex

// save writes the outcomes to the repository's results and its document anew.
func (o *outcomes) save(s *suite) error {
	saving.Lock()
	defer saving.Unlock()
	top, err := repository()
	if err != nil {
		return err
	}
	path := filepath.Join(top, "conformance/modules/results.txt")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	results, err := modules.ParseResults(string(text))
	if err != nil {
		return err
	}
	for name, passed := range o.passed {
		results.Set(name, o.platform, passed)
	}
	runs := s.modeRuns()
	maps.DeleteFunc(results, func(name string, _ []string) bool {
		return !slices.ContainsFunc(runs, func(r modules.Run) bool { return r.Name == name })
	})
	if err := os.WriteFile(path, []byte(results.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(top, document), []byte(modules.Document(runs, columns(), results)), 0o644)
}

const document = "docs/certification.md"

// repository is the directory of go.mod, at or above the working directory.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}
