// Package conformance proves that a platform's gateway behaves like every other:
// the cases in testdata/cases are played against it ([TestGateway]), and its store
// is held to the contract of kv.Driver ([TestKV]). README.md specifies the cases,
// ledger.txt lists what a platform is excused from.
//
// A platform takes part with a [Target] and one test that calls TestGateway.
package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestGateway plays every case against target, each with the profiles that it
// names, as parallel subtests called like the case's file, with "@profile" behind
// it unless the profile is strong.
//
// How the cases that play a mode went is held to what modules/results.txt records of it.
//
// The answers must be those of the other targets of the same process to the same cases.
// Each of like plays a case before target does, unless it has, so that there is one to
// compare with whichever cases are chosen: it forgets if target does.
func TestGateway(t *testing.T, target Target, like ...Target) {
	suite, err := loadSuite(testdata)
	if err != nil {
		t.Fatal(err)
	}
	suite.alike = platforms
	excused, err := suite.excuses(target.Name())
	if err != nil {
		t.Fatal(err)
	}
	likeExcused := make([]excuses, len(like))
	for i, l := range like {
		if lifetime(l) != lifetime(target) {
			t.Fatalf("%s and %s differ in what they keep between requests", target.Name(), l.Name())
		}
		if likeExcused[i], err = suite.excuses(l.Name()); err != nil {
			t.Fatal(err)
		}
	}
	chooser, _ := target.(Chooser)
	went := &outcomes{platform: target.Name(), passed: map[string]bool{}}
	t.Cleanup(func() { went.settle(t, suite) })
	for _, c := range suite.cases {
		for _, profile := range c.Profiles {
			if chooser != nil && !chooser.ChoosesStore(profile) {
				continue
			}
			name := runName(c, profile)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if len(c.Modes) > 0 {
					went.watch(t, name)
				}
				if excuse := excused.find(c, profile); excuse != nil {
					excuse.hold(t, func(t testing.TB) { suite.play(t, c, target, profile) })
					return
				}
				for i, l := range like {
					if likeExcused[i].find(c, profile) == nil && !suite.alike.has(runKey(c, l, profile)) {
						suite.play(t, c, l, profile)
					}
				}
				if chooser != nil && !suite.alike.stores(runKey(c, target, profile)) {
					t.Skip("the case leaves the store alone")
				}
				suite.play(t, c, target, profile)
			})
		}
	}
}

// runKey says which runs have to have equal answers: how limits count and whether the
// store writes on condition make a difference only to cases that ask.
func runKey(c *Case, target Target, profile string) string {
	words := append(circumstances(target, profile), c.Name)
	for _, asked := range [][]string{{exactly, nearly, notAtAll}, {onCondition}} {
		if !c.mentions(asked...) {
			words = slices.DeleteFunc(words, func(word string) bool { return slices.Contains(asked, word) })
		}
	}
	return strings.Join(words, " ")
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
	s.playWitnessed(t, c, target, profile, nil)
}

// playWitnessed is play with a witness, which may be nil.
func (s *suite) playWitnessed(t testing.TB, c *Case, target Target, profile string, witness func(*play, *step, []outcome, string)) {
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
	if witness != nil {
		p.witness = func(st *step, outcomes []outcome, log string) { witness(p, st, outcomes, log) }
	}
	p.start = func() Instance { return target.Start(t, p.world()) }
	p.instance = p.start()
	p.run()
	close(p.network.over)
	p.instance.Close()
	if s.alike != nil && !p.failed() {
		err := s.alike.compare(runKey(c, target, profile), accounted{target.Name(), p.account.String(), p.clock.real, p.stores})
		if err != nil {
			p.fail("%v", err)
		}
	}
	if p.failed() {
		t.Errorf("%s", p.report(target.Name()))
	}
}

// report is what a failed run on a platform prints.
func (p *play) report(platform string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  rule: %s\n  spec: %s\n  with: %s, on %s\n", p.c.Name, p.c.Rule, p.c.Spec, strings.Join(p.conditions, ", "), platform)
	for _, f := range p.failures {
		fmt.Fprintf(&b, "\n  %s\n", strings.ReplaceAll(f, "\n", "\n  "))
	}
	fmt.Fprintf(&b, "\n%s", p.transcript)
	return b.String()
}
