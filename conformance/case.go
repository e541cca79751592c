package conformance

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"gatehouse/conformance/modules"
)

// Case is one scenario, read from a txtar archive; README.md specifies the format
// key by key.
type Case struct {
	Name string
	// Rule is the sentence printed when the case fails; Spec says where the rule
	// comes from.
	Rule, Spec string
	// Modes are what the provider does, of package modules: those that the mode lines
	// name and the certification modules that Spec cites.
	Modes []string
	// Config names a file of testdata/config; Set overrides single settings.
	Config string
	Set    []setting
	// Profiles are the stores that the case runs with.
	Profiles []string
	// Begin names a flow of testdata/flows whose steps come first.
	Begin    string
	Provider provider
	Reveal   []reveal
	KV       []record
	Steps    []*step
}

// setting is a line NAME=value.
type setting struct {
	name  string
	value text
}

// reveal exempts a secret from the canary in one place.
type reveal struct{ name, place string }

// record is a line of the kv section: a key, seconds to live and a value.
type record struct {
	key   text
	ttl   int
	value text
}

// step is one request, or several equal ones at once, and everything that is
// expected of it.
type step struct {
	flow   string // the flow that it comes from, or ""
	number int
	only   tags
	// accessToken is what {accesstoken} stands for from this step on, or nil.
	accessToken *signedToken
	// proof is what {proof} stands for from this step on, or nil.
	proof *signedToken
	// logoutToken is the same for {logouttoken}.
	logoutToken *signedToken
	request     request
	fetches     []*fetch
	responses   []*response
	counts      []*count
}

// tags restrict a section to some runs: each is a condition, "!condition", or several
// of them joined by "+". A condition is a profile's name or one of conditions.
type tags []string

// match reports whether a section with these tags applies under conditions: one of
// the tags holds, or there are none.
func (t tags) match(conditions []string) bool {
	return len(t) == 0 || slices.ContainsFunc(t, func(tag string) bool {
		for term := range strings.SplitSeq(tag, "+") {
			name, negated := strings.CutPrefix(term, "!")
			if slices.Contains(conditions, name) == negated {
				return false
			}
		}
		return true
	})
}

// mentions reports whether a section of the case is restricted by one of words.
func (c *Case) mentions(words ...string) bool {
	found := false
	look := func(only tags) {
		for _, word := range words {
			found = found || strings.Contains(strings.Join(only, " "), word)
		}
	}
	for _, st := range c.Steps {
		look(st.only)
		for _, f := range st.fetches {
			look(f.only)
		}
		for _, r := range st.responses {
			look(r.only)
		}
		for _, n := range st.counts {
			look(n.only)
		}
	}
	return found
}

// expectsNow reports whether a response is compared with the time of the comparison.
func (c *Case) expectsNow() bool {
	return slices.ContainsFunc(c.Steps, func(st *step) bool {
		return slices.ContainsFunc(st.responses, func(r *response) bool { return r.now })
	})
}

// ParseCase reads the case called name. Every unknown key, section and word is an
// error, and the case is then nil.
func ParseCase(name string, data []byte) (*Case, error) {
	c, err := parseArchive(name, data)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Rule == "":
		return nil, fmt.Errorf("%s: no rule", name)
	case c.Spec == "":
		return nil, fmt.Errorf("%s: no spec", name)
	case len(c.Steps) == 0 && c.Begin == "":
		return nil, fmt.Errorf("%s: no request", name)
	case c.expectsNow() && !c.features()["@advance"]:
		return nil, fmt.Errorf("%s: a response with {now} is another one when a running clock has gone on; @advance keeps the case from such clocks", name)
	}
	return c, nil
}

func parseArchive(name string, data []byte) (*Case, error) {
	a := txtar.Parse(data)
	c := &Case{Name: name, Config: "default", Provider: provider{standing: true, keys: []string{"k1"}}}
	if err := c.parseComment(string(a.Comment)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &sections{c: c}
	for i, f := range a.Files {
		if err := p.add(f.Name, string(f.Data), i == 0); err != nil {
			return nil, fmt.Errorf("%s: section %d (%s): %w", name, i+1, f.Name, err)
		}
	}
	if err := p.complete(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if p.access != nil {
		return nil, fmt.Errorf("%s: no request after the last access token", name)
	}
	return c, nil
}

func (c *Case) parseComment(comment string) error {
	seen := map[string]bool{}
	for n, line := range joinLines(comment) {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !ok || value == "" {
			return fmt.Errorf("comment line %d: want key: value, not %q", n+1, line)
		}
		if repeatable := key == "set" || key == "mode" || key == "discovery" || key == "reveal"; seen[key] && !repeatable {
			return fmt.Errorf("comment line %d: second %s", n+1, key)
		}
		seen[key] = true
		if err := c.parseKey(key, value); err != nil {
			return fmt.Errorf("comment line %d: %s: %w", n+1, key, err)
		}
	}
	if len(c.Profiles) == 0 {
		c.Profiles = []string{"strong"}
	}
	return nil
}

func (c *Case) parseKey(key, value string) (err error) {
	switch key {
	case "rule":
		c.Rule = value
	case "spec":
		c.Spec = value
		err = c.play(modules.Cited(value))
	case "mode":
		err = c.play(strings.Fields(value))
	case "config":
		c.Config = value
	case "begin":
		c.Begin = value
	case "set":
		name, v, ok := strings.Cut(value, "=")
		if !ok || name == "" {
			return fmt.Errorf("want NAME=value, not %q", value)
		}
		t, err := parseText(v)
		c.Set = append(c.Set, setting{name, t})
		return err
	case "profile":
		c.Profiles, err = parseProfiles(strings.Fields(value))
	case "provider":
		err = c.Provider.apply(value)
	case "discovery":
		err = c.Provider.override(value)
	case "jwks":
		err = c.Provider.publish(strings.Fields(value))
	case "reveal":
		f := strings.Fields(value)
		if len(f) != 2 || !slices.Contains(places, f[1]) {
			return fmt.Errorf("want NAME and one of %v, not %q", places, value)
		}
		c.Reveal = append(c.Reveal, reveal{f[0], f[1]})
	default:
		return fmt.Errorf("unknown key")
	}
	return err
}

// play adds modes, which must be known and new.
func (c *Case) play(modes []string) error {
	for _, m := range modes {
		if !modules.Known(m) {
			return fmt.Errorf("no mode is called %q", m)
		}
		if slices.Contains(c.Modes, m) {
			return fmt.Errorf("mode %s twice", m)
		}
		c.Modes = append(c.Modes, m)
	}
	return nil
}

// joinLines splits s into lines; a line that begins with white space continues the
// one before it.
func joinLines(s string) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		if trimmed := strings.TrimLeft(line, " \t"); trimmed != line && trimmed != "" && len(lines) > 0 {
			lines[len(lines)-1] += " " + trimmed
			continue
		}
		lines = append(lines, strings.TrimRight(line, " \t"))
	}
	return lines
}
