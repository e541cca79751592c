package access

import (
	"net/http"
	"strings"
)

// Limits of a list. They bound what one request costs.
const (
	maxText  = 64 << 10
	maxLines = 500
	maxTerms = 100
	// maxACR bounds the values of acr of one line, with a blank between them: they
	// travel in the cookie of a login.
	maxACR = 200
)

const lineHint = "write METHODS PATH REQUIREMENT, for example: GET,POST /reports/* group=staff"

// Parse reads a list of rules. The error is an [Errors] that names every mistake, and
// the result is then nil, which the caller must not use: nil lets every user in.
// Mistakes are also lines that can never decide, requests that no line decides, and
// methods that a line leaves open to everybody without saying so. A text without any
// line is a mistake.
func Parse(text string) (*Rules, error) {
	if len(text) > maxText {
		return nil, Errors{mistake("the rules are longer than 64 KiB", "")}
	}
	var errs Errors
	r := &Rules{}
	all := statements(text)
	if len(all) > maxLines {
		return nil, Errors{mistake("the rules have more than 500 lines", "")}
	}
	for _, s := range all {
		l, wrong := parseLine(s)
		if wrong == nil {
			r.lines = append(r.lines, l)
		}
		for _, e := range wrong {
			e.Line = s.number
			errs = append(errs, e)
		}
	}
	// How lines go together says nothing while some are missing.
	if errs == nil {
		errs = r.check()
	}
	if errs != nil {
		return nil, errs
	}
	return r, nil
}

func parseLine(s statement) (l line, errs Errors) {
	l.number = s.number
	if e := checkVisible(s.text); e != nil {
		return l, Errors{e}
	}
	if s.text[0] == '#' {
		return l, Errors{mistake("is a comment after a semicolon", "comments stand on lines of their own")}
	}
	method, rest := cutField(s.text)
	path, rest := cutField(rest)
	if path != "" && path[0] != '/' {
		return l, Errors{mistake("has "+quoted(path)+" where its path would be", lineHint)}
	}
	var e *Error
	if l.methods, e = parseMethods(method); e != nil {
		errs = append(errs, e)
	}
	if path == "" {
		return l, append(errs, mistake("has no path and no requirement", lineHint))
	}
	if l.pattern, e = parsePattern(path); e != nil {
		errs = append(errs, e)
	}
	switch rest {
	case "":
		return l, append(errs, mistake("has no requirement", lineHint))
	case wordPreflight:
		l.preflight = true
		if errs == nil && (len(l.methods) != 1 || l.methods[0] != http.MethodOptions) {
			errs = append(errs, mistake("lets preflights pass for other methods than OPTIONS", "write OPTIONS "+l.pattern.String()+" preflight"))
		}
		return l, errs
	}
	var wrong Errors
	l.require, wrong = parseRequirement(rest)
	return l, append(errs, wrong...)
}

// Requirements of one word.
const (
	wordAny       = "any"
	wordDeny      = "deny"
	wordPreflight = "preflight"
)

func parseRequirement(text string) (requirement, Errors) {
	switch text {
	case wordAny:
		return requirement{{}}, nil
	case wordDeny:
		return nil, nil
	}
	if len(splitUnquoted(text, "()")) > 1 {
		return nil, Errors{mistake("has parentheses", "there are none here: & binds tighter than |; "+quoteHint)}
	}
	pieces := splitUnquoted(text, "&|")
	if len(pieces) > maxTerms {
		return nil, Errors{mistake("has more than 100 terms", "")}
	}
	var errs Errors
	all := requirement{nil}
	acr := 0
	for _, p := range pieces {
		t, e := parseTerm(strings.TrimSpace(p.text))
		last := &all[len(all)-1]
		if e == nil {
			e = clash(*last, t)
		}
		if e != nil {
			errs = append(errs, e)
		} else {
			*last = append(*last, t)
		}
		if t.kind == kindACR {
			acr += len(t.value) + 1
		}
		if p.separator == '|' {
			all = append(all, nil)
		}
	}
	if acr > maxACR+1 {
		errs = append(errs, mistake("has values of acr that are longer than 200 bytes together", ""))
	}
	return all, errs
}

// clash finds a term that cannot hold together with t, or that is t.
func clash(others []term, t term) *Error {
	for _, o := range others {
		switch {
		case o == t:
			return mistake("has the term "+quoted(t.String())+" twice", "")
		case o.kind == t.kind && (t.kind == kindACR || t.kind == kindMaxAge):
			return mistake("asks for two values of "+t.kind+" with &", "one of the two is written with |, and & binds tighter than |")
		case o.kind == t.kind && (t.kind == kindEmail || t.kind == kindEmailDomain):
			return mistake("asks for two different addresses with &", "one of the two is written with |, and & binds tighter than |")
		}
	}
	return nil
}
