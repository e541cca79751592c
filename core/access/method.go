package access

import (
	"net/http"
	"slices"
	"strings"
)

// methods is a set of methods; nil is every method. GET includes HEAD, to which
// applications answer with the headers of GET.
type methods []string

func (m methods) fit(method string) fit {
	if m == nil {
		return covered
	}
	best := apart
	for _, name := range m {
		switch {
		case name == method || name == http.MethodGet && method == http.MethodHead:
			return covered
		case strings.EqualFold(name, method) || name == http.MethodGet && strings.EqualFold(method, http.MethodHead):
			best = resembling
		}
	}
	return best
}

// parseMethods reads * or upper-case names separated by commas.
func parseMethods(text string) (methods, *Error) {
	if text == "*" {
		return nil, nil
	}
	const hint = "for example GET,POST without blanks, or * for every method"
	set := methods{}
	for name := range strings.SplitSeq(text, ",") {
		switch {
		case name == "*":
			return nil, mistake("names * beside other methods", "* alone is every method")
		case !isMethod(name):
			if isMethod(strings.ToUpper(name)) {
				return nil, mistake("has the method "+quoted(name)+", which is not in upper case", hint)
			}
			return nil, mistake("has no method in "+quoted(text), hint)
		case slices.Contains(set, name):
			return nil, mistake("names the method "+name+" twice", "")
		}
		set = append(set, name)
	}
	return set, nil
}

// isMethod accepts the capitals and dashes of which all registered methods consist.
func isMethod(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c >= 'A' && c <= 'Z' || c == '-' && i > 0) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

func (m methods) String() string {
	if m == nil {
		return "*"
	}
	return strings.Join(m, ",")
}
