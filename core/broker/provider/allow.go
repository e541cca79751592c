package provider

import (
	"strings"

	"gatehouse/core/proxy"
)

// pattern is one line of an allow-list: a method and a path of segments, of which "*"
// is any one, and at the end any further ones or none. A line without a method is the
// name of a Last.fm method, with "*" at its end for any that begin like it.
type pattern struct {
	method   string // empty: a name
	segments []string
	below    bool
}

// methods of calls.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// parsePattern reads a line; problem says what is wrong with it.
func parsePattern(line string) (p pattern, problem string) {
	method, path, two := strings.Cut(strings.TrimSpace(line), " ")
	shown := printable(line, 100)
	if !two {
		name, below := strings.CutSuffix(method, "*")
		if !methodName(name) {
			return p, "has an entry that is neither a method and a path nor a name: " + shown
		}
		return pattern{segments: []string{name}, below: below}, ""
	}
	known := false
	for _, m := range methods {
		known = known || m == method
	}
	path = strings.TrimSpace(path)
	switch canonical, err := proxy.CanonicalPath(path); {
	case !known:
		return p, "has a method that calls do not have: " + shown
	case err != nil || canonical != path:
		return p, "has a path that is not normalised: " + shown
	}
	p.method = method
	p.segments = strings.Split(path[1:], "/")
	if last := len(p.segments) - 1; p.segments[last] == "*" {
		p.segments, p.below = p.segments[:last], true
	}
	for _, s := range p.segments {
		if s != "*" && strings.Contains(s, "*") {
			return p, "has a star that is not a whole segment: " + shown
		}
	}
	return p, ""
}

// methodName reports whether s may be the name of a Last.fm method.
func methodName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// matchPath reports whether p allows method on a canonical path. Bytes are compared:
// what an allow-list does not spell is not on it.
func (p pattern) matchPath(method, path string) bool {
	if method != p.method {
		return false
	}
	rest := strings.Split(path[1:], "/")
	if len(rest) < len(p.segments) || len(rest) > len(p.segments) && !p.below {
		return false
	}
	for i, s := range p.segments {
		if s != rest[i] && (s != "*" || rest[i] == "") {
			return false
		}
	}
	return true
}

// matchName reports whether p allows the Last.fm method called name.
func (p pattern) matchName(name string) bool {
	return p.method == "" && (name == p.segments[0] || p.below && strings.HasPrefix(name, p.segments[0]))
}
