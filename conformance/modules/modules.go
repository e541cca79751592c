// Package modules lists what the OpenID provider of the conformance cases can do, one
// mode each: the modules of the OpenID Foundation's certification plans for relying
// parties, by their names there, and misbehaviour that no plan has. A case says which
// modes it plays; docs/certification.md says where each was played and how it went, and
// is written from here ([Document]).
//
// It guarantees that names are unique, and knows nothing of how a case is played.
package modules

import (
	"slices"
	"strings"
	"sync"
)

// Mode is one way for a provider to behave.
type Mode struct {
	// Name is that of the certification module, or our own.
	Name string
	// Must says in one sentence what the gateway does.
	Must string
}

// Plan is a group of modes: a certification plan, or a place where providers err.
type Plan struct {
	// Name is the certification plan's, or "" for one of our own.
	Name string
	// Title is its heading, Note a paragraph below it, or "".
	Title, Note string
	Modes       []Mode
}

// Plans returns every plan, certification first. A mode may be in several certification
// plans, with the same words.
func Plans() []Plan { return append(slices.Clone(certification), misbehaviour...) }

// certified is how the names of certification modules begin.
const certified = "oidcc-client-"

// known are the names of all modes.
var known = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, p := range Plans() {
		for _, m := range p.Modes {
			names[m.Name] = true
		}
	}
	return names
})

// Known reports whether there is a mode called name.
func Known(name string) bool { return known()[name] }

// Cited returns the certification modules that the parts of a case's spec line name,
// known or not, in order.
func Cited(spec string) []string {
	var names []string
	for part := range strings.SplitSeq(spec, ";") {
		if part = strings.TrimSpace(part); strings.HasPrefix(part, certified) {
			names = append(names, part)
		}
	}
	return names
}
