// Package conformance proves that a platform's gateway behaves like every other:
// the cases in testdata/cases are played against it ([TestGateway]), and its store
// is held to the contract of kv.Driver ([TestKV]). README.md specifies the cases,
// ledger.txt lists what a platform is excused from.
//
// A platform takes part with a [Target] and one test that calls TestGateway.
package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// TestGateway plays every case against target, each with the profiles that it
// names, as parallel subtests called like the case's file, with "@profile" behind
// it unless the profile is strong.
func TestGateway(t *testing.T, target Target) {
	suite, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	suite.alike = platforms
	excused, err := suite.excuses(target.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range suite.cases {
		for _, profile := range c.Profiles {
			name := runName(c, profile)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if excuse := excused.find(c, profile); excuse != nil {
					excuse.hold(t, func(t testing.TB) { suite.play(t, c, target, profile) })
					return
				}
				suite.play(t, c, target, profile)
			})
		}
	}
}

// runName is the subtest's name.
func runName(c *Case, profile string) string {
	if profile == "strong" {
		return c.Name
	}
	return c.Name + "@" + profile
}

// play runs c once and reports its failures to t.
func (s *suite) play(t testing.TB, c *Case, target Target, profile string) {
	t.Helper()
	shared, ok := s.configs[c.Config]
	if !ok {
		t.Fatalf("no configuration %s", c.Config)
	}
	p, err := newPlay(t, c, target, profile, shared)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	if p.clock.real && c.features()["@advance"] {
		t.Fatalf("%s: the target has a clock of its own and the ledger has no line for @advance", target.Name())
	}
	p.start = func() Instance { return target.Start(t, p.world()) }
	p.instance = p.start()
	p.run()
	close(p.network.over)
	p.instance.Close()
	if s.alike != nil && !p.failed() {
		if err := s.alike.compare(target.Name(), strings.Join(append(p.conditions, c.Name), " "), p.account.String()); err != nil {
			p.fail("%v", err)
		}
	}
	if p.failed() {
		t.Errorf("%s", p.report())
	}
}

// report is what a failed run prints.
func (p *play) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  rule: %s\n  spec: %s\n  with: %s\n", p.c.Name, p.c.Rule, p.c.Spec, strings.Join(p.conditions, ", "))
	for _, f := range p.failures {
		fmt.Fprintf(&b, "\n  %s\n", strings.ReplaceAll(f, "\n", "\n  "))
	}
	fmt.Fprintf(&b, "\n%s", p.transcript)
	return b.String()
}
