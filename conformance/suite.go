package conformance

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed testdata ledger.txt
var testdata embed.FS

// suite is everything that testdata holds.
type suite struct {
	cases   []*Case
	configs map[string][]setting
	ledger  []excuse
	alike   *alike // what holds the platforms to each other, or nil
}

func loadSuite(fsys fs.FS) (*suite, error) {
	s := &suite{configs: map[string][]setting{}}
	err := each(fsys, "testdata/config", ".env", func(name string, data []byte) (err error) {
		s.configs[name], err = parseSettings(name, string(data))
		return err
	})
	if err != nil {
		return nil, err
	}
	flows := map[string]*Case{}
	err = each(fsys, "testdata/flows", ".txtar", func(name string, data []byte) (err error) {
		flows[name], err = parseArchive("flow "+name, data)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = each(fsys, "testdata/cases", ".txtar", func(name string, data []byte) error {
		c, err := ParseCase(name, data)
		if err != nil {
			return err
		}
		if c.Steps, err = withFlow(flows, c); err != nil {
			return err
		}
		if _, ok := s.configs[c.Config]; !ok {
			return fmt.Errorf("%s: no configuration %q", name, c.Config)
		}
		s.cases = append(s.cases, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	ledger, err := fs.ReadFile(fsys, "ledger.txt")
	if err != nil {
		return nil, err
	}
	s.ledger, err = parseLedger(string(ledger))
	return s, err
}

// each calls f for the files of dir, in order, with their names less the suffix.
func each(fsys fs.FS, dir, suffix string, f func(name string, data []byte) error) error {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok {
			return fmt.Errorf("%s/%s: want a name that ends in %s", dir, e.Name(), suffix)
		}
		data, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		if err := f(name, data); err != nil {
			return err
		}
	}
	return nil
}

// withFlow returns c's steps behind those of the flows that it begins with.
func withFlow(flows map[string]*Case, c *Case) ([]*step, error) {
	steps, begin, seen := slices.Clone(c.Steps), c.Begin, []string(nil)
	for begin != "" {
		flow, ok := flows[begin]
		if !ok || slices.Contains(seen, begin) {
			return nil, fmt.Errorf("%s: no flow %q, or a loop", c.Name, begin)
		}
		var first []*step
		for _, st := range flow.Steps {
			copied := *st
			copied.flow = begin
			first = append(first, &copied)
		}
		steps = append(first, steps...)
		seen = append(seen, begin)
		begin = flow.Begin
	}
	return steps, nil
}

// parseSettings reads NAME=value lines; "#" begins a comment line.
func parseSettings(file, data string) ([]setting, error) {
	var out []setting
	for line := range strings.SplitSeq(data, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("config %s: want NAME=value, not %q", file, line)
		}
		t, err := parseText(value)
		if err != nil {
			return nil, fmt.Errorf("config %s: %s: %w", file, name, err)
		}
		out = append(out, setting{name, t})
	}
	return out, nil
}

// features are the things that c needs of a platform and that a ledger may name in
// place of a case: directives, "101" for an upgraded connection, and "@elsewhere" for
// outbound requests to hosts that are neither the provider's nor the application's.
func (c *Case) features() map[string]bool {
	f := map[string]bool{}
	for _, st := range c.Steps {
		r := &st.request
		f["@advance"] = f["@advance"] || r.advance != 0
		f["@abort"] = f["@abort"] || r.abort != abortNever
		f["@peer"] = f["@peer"] || r.peer != ""
		f["@restart"] = f["@restart"] || len(r.restart) > 0
		f["@meanwhile"] = f["@meanwhile"] || len(r.meanwhile) > 0
		for _, e := range r.meanwhile {
			f["@advance"] = f["@advance"] || e.advance != 0
		}
		f["@parallel"] = f["@parallel"] || r.parallel > 1
		for _, out := range st.fetches {
			f["@elsewhere"] = f["@elsewhere"] || strings.Contains(out.first, " https://")
		}
		for _, res := range st.responses {
			f["101"] = f["101"] || res.status == 101
		}
	}
	return f
}
