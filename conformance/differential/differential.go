// Package differential judges what relying parties other than the gateway make of the
// cases: where they accept what the gateway refuses, or refuse what it accepts, ledger.txt
// has the reason. It holds no relying party; see package runtimes for those.
//
// A ledger that passes names every difference, and no other.
package differential

import (
	"fmt"
	"slices"

	"gatehouse/conformance"
)

// What became of a login or a refresh.
const (
	Accepted = "accepted"
	Refused  = "refused"
	// None: a reference had decided otherwise before, or had nothing to decide.
	None = "-"
)

// Difference is a case in which the gateway and a reference disagree, at the first step
// in which one does.
type Difference struct {
	Case string
	// References are the verdicts of the references by name.
	References map[string]string
	Gateway    string
}

// Counts are the cases of one reference. Every case that was played is one of the others.
type Counts struct {
	Played int
	// EqualAccepted and EqualRefused are equal to the last verdict, which is this.
	EqualAccepted, EqualRefused int
	// Stricter: the gateway refuses what the reference accepts. Laxer: the gateway
	// accepts what the reference refuses.
	Stricter, Laxer int
	// Application: nothing that the library would have to decide; the application
	// around it, or a route that logins do not need, does.
	Application int
}

// Judge finds the differences, in the order of the cases, and counts. An error is a case
// in which the references differ from the gateway at different steps, so that one line
// could not say how.
func Judge(comparisons []conformance.Comparison, references []string) ([]Difference, map[string]*Counts, error) {
	var differences []Difference
	counts := map[string]*Counts{}
	for _, name := range references {
		counts[name] = &Counts{}
	}
	for _, c := range comparisons {
		at := -1
		for _, name := range references {
			first := count(counts[name], c.Gateway, c.References[name])
			if at >= 0 && first >= 0 && first != at {
				return nil, nil, fmt.Errorf("%s: the references differ from the gateway at %s and %s: make two cases of it",
					c.Case, c.Gateway[at].Step, c.Gateway[first].Step)
			}
			at = max(at, first)
		}
		if at < 0 {
			continue
		}
		d := Difference{Case: c.Case, Gateway: word(c.Gateway[at].Accepted), References: map[string]string{}}
		for _, name := range references {
			d.References[name] = None
			if verdicts := c.References[name]; at < len(verdicts) && verdicts[at].Own {
				d.References[name] = word(verdicts[at].Accepted)
			}
		}
		differences = append(differences, d)
	}
	return differences, counts, nil
}

// count adds a case to n and returns the index of its first difference, or -1.
func count(n *Counts, gateway, reference []conformance.Verdict) int {
	n.Played++
	last := -1
	for i, v := range reference {
		switch {
		case !v.Own:
		case v.Accepted && !gateway[i].Accepted:
			n.Stricter++
			return i
		case !v.Accepted && gateway[i].Accepted:
			n.Laxer++
			return i
		case !v.Flow:
			last = i
		}
	}
	switch {
	case last < 0:
		n.Application++
	case reference[last].Accepted:
		n.EqualAccepted++
	default:
		n.EqualRefused++
	}
	return -1
}

func word(accepted bool) string {
	if accepted {
		return Accepted
	}
	return Refused
}

// Compare returns what keeps the ledger from explaining exactly these differences.
func (l *Ledger) Compare(differences []Difference) []error {
	var errs []error
	for _, d := range differences {
		line := l.find(d.Case)
		switch {
		case line == nil:
			errs = append(errs, fmt.Errorf("unexplained difference:\n%s | REASON", l.format(d)))
		case !line.same(d):
			errs = append(errs, fmt.Errorf("another difference than the ledger's line %d explains:\n%s | REASON", line.number, l.format(d)))
		}
	}
	for _, line := range l.Lines {
		if !slices.ContainsFunc(differences, func(d Difference) bool { return d.Case == line.Case }) {
			errs = append(errs, fmt.Errorf("ledger line %d: stale: %s does not differ", line.number, line.Case))
		}
	}
	return errs
}
