// Package access decides what somebody who is logged in may do: an ordered list of
// lines, each naming methods, a path and what the user has to have.
//
//	GET      /reports/*   group=staff
//	*        /reports/*   deny
//	*        /admin/*     role=admin
//	OPTIONS  /api/*       preflight
//	*        /*           any
//
// The first line that covers both method and path decides, and a user who does not
// meet its requirement is refused. [Parse] accepts only lists that leave no request
// undecided; docs/access.md describes the language.
//
// The caller authenticates first and decides afterwards: only somebody who is logged
// in can be refused here. Paths are canonical ones, as proxy.Rules.Path returns them,
// and the same text must be forwarded.
//
// It does not see queries, bodies or headers. An application that takes the method
// or the path from one of those has to be told not to.
package access

import (
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/stepup"
)

// Rules is a parsed list. It is read-only and may be used concurrently. A nil *Rules
// lets everybody in who is logged in; the zero Rules lets nobody in.
type Rules struct{ lines []line }

// Subject is who asks.
type Subject struct {
	// Identity is required: without it nothing is allowed.
	Identity *identity.Identity
	// Scopes are those that were granted, nil when unknown.
	Scopes []string
	// Claims are the verified claims by their exact names, with values as
	// encoding/json decodes them into any; json.Number is understood too.
	Claims map[string]any
	// Login is how the user was authenticated.
	Login stepup.Login
	// Now is the time of the request, and Skew how far the provider's clock may be
	// from ours; only max-age needs them.
	Now  time.Time
	Skew time.Duration
}

// Decision is the answer to one request.
type Decision struct {
	Allowed bool
	// Rule is the number of the deciding line, 0 when no line decided.
	Rule int
	// Reason says for the log why the request was refused. It is one of a few
	// constants and holds nothing about the user; "" when allowed.
	Reason string
	// Demand is what a login must be for the same user to be allowed. It is empty when
	// allowed, and when no login of theirs would be.
	Demand stepup.Demand
}

const (
	reasonNobody    = "nobody is logged in"
	reasonPath      = "the path is not canonical"
	reasonDenied    = "the line refuses everybody"
	reasonUnmet     = "the requirement is not met"
	reasonResembles = "method or path resembles the line's, whose requirement is not met"
	reasonUndecided = "no line decides"
	reasonLogin     = "the login is not strong or recent enough"
)

// line is one line of the list.
type line struct {
	number  int
	methods methods
	pattern pattern
	// preflight lines concern CORS preflights only; they have no requirement.
	preflight bool
	require   requirement
}

// fit says how well a line covers a method or a path.
type fit int

const (
	apart fit = iota
	// resembling is what the application may take for the line's own: the line's
	// requirement has to be met as well, but the line does not decide.
	resembling
	covered
)

// Decide says whether who may request path with method. It allocates nothing unless it
// returns a demand.
//
// A line whose method or path the request only resembles, differing in the case of
// letters or in path parameters (/Admin, /admin;v=1), cannot let it in: its
// requirement is asked besides that of the line that decides.
func (r *Rules) Decide(method, path string, who Subject) Decision {
	switch {
	case who.Identity == nil:
		return Decision{Reason: reasonNobody}
	case r == nil:
		return Decision{Allowed: true}
	case path == "" || path[0] != '/':
		return Decision{Reason: reasonPath}
	}
	odd := isOdd(path)
	for i := range r.lines {
		l := &r.lines[i]
		if l.preflight {
			continue
		}
		how := l.methods.fit(method)
		if how == apart {
			continue
		}
		if how = min(how, l.pattern.fit(path, odd)); how == apart {
			continue
		}
		if !l.require.holds(&who) {
			return r.demand(method, path, odd, &who, Decision{Rule: l.number, Reason: l.refusal(how)})
		}
		if how == covered {
			return Decision{Allowed: true, Rule: l.number}
		}
	}
	return Decision{Reason: reasonUndecided}
}

func (l *line) refusal(how fit) string {
	switch {
	case how == resembling:
		return reasonResembles
	case len(l.require) == 0:
		return reasonDenied
	}
	return reasonUnmet
}
