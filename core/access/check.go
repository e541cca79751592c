package access

import (
	"slices"
	"strconv"
)

// check finds mistakes in how lines go together.
func (r *Rules) check() Errors {
	if len(r.lines) == 0 {
		return Errors{mistake("there are no rules", "remove the setting if every user may do everything; "+lineHint)}
	}
	var errs Errors
	for i := range r.lines {
		l := &r.lines[i]
		if e := r.decidedBefore(i); e != nil {
			errs = append(errs, e)
			continue
		}
		if by := r.opened(i); by != nil {
			p := l.pattern.String()
			errs = append(errs, &Error{l.number, "leaves the methods of " + p + " that it does not name open to every user, by line " + strconv.Itoa(by.number),
				"say below it what holds for the others: * " + p + " deny, or * " + p + " any"})
		}
	}
	last := &r.lines[len(r.lines)-1]
	if last.preflight || last.methods != nil || !last.pattern.everything() {
		errs = append(errs, &Error{last.number, "is the last one and does not cover every method and path",
			"end with * /* any, which lets every user who is logged in at the rest, or with * /* deny"})
	}
	return errs
}

// decidedBefore complains about methods of line i for which an earlier line covers
// the whole pattern, so that it never decides about them. Cases in which it takes
// several earlier patterns together are not found.
func (r *Rules) decidedBefore(i int) *Error {
	l := &r.lines[i]
	wanted := l.methods
	if wanted == nil {
		wanted = methods{"*"}
	}
	var taken methods
	above := ""
	for _, m := range wanted {
		k := slices.IndexFunc(r.lines[:i], func(e line) bool {
			return (l.preflight || !e.preflight) && e.pattern.includes(l.pattern) && (e.methods == nil || e.methods.fit(m) == covered)
		})
		if k >= 0 {
			taken, above = append(taken, m), strconv.Itoa(r.lines[k].number)
		}
	}
	what, remove := taken.String(), taken.String()
	switch len(taken) {
	case 0:
		return nil
	case len(wanted):
		what, remove = "anything", "it"
	}
	return &Error{l.number, "can never decide " + what + ", because line " + above + " does", "put it above line " + above + ", or remove " + remove}
}

// opened returns the line that lets every user at the paths of line i with methods
// that line i does not name, unless a line for the same pattern says what holds. It
// is the oldest way around rules that name methods.
func (r *Rules) opened(i int) *line {
	l := &r.lines[i]
	if l.methods == nil || l.preflight || l.require.anybody() {
		return nil
	}
	for j := range r.lines {
		e := &r.lines[j]
		switch {
		case e.preflight:
		case j < i && e.methods != nil && !e.require.anybody() && e.pattern.equal(l.pattern):
			return nil // said there
		case j > i && e.methods == nil && e.pattern.includes(l.pattern):
			if e.require.anybody() && !e.pattern.equal(l.pattern) {
				return e
			}
			return nil
		}
	}
	return nil
}

// CheckPublic finds lines that are never asked because a public path, a pattern of
// the setting PUBLIC_PATHS, covers them: nobody needs to log in there. Nil rules have
// none.
func (r *Rules) CheckPublic(patterns []string) Errors {
	var errs Errors
	if r == nil {
		return nil
	}
	for i := range r.lines {
		l := &r.lines[i]
		for _, text := range patterns {
			p, e := parsePattern(text)
			if e == nil && p.includes(l.pattern) && !p.everything() {
				errs = append(errs, &Error{l.number, "is never asked, because the public path " + text + " needs no login", "remove one of the two"})
				break
			}
		}
	}
	return errs
}
