package proxy

import "strings"

// patterns is a set of path patterns; nil is empty. Matching allocates nothing.
type patterns struct {
	exact    map[string]struct{}
	prefixes []string   // with the final slash
	globs    [][]string // segments; a last "*" means everything below
}

func newPatterns(list []string) *patterns {
	p := &patterns{exact: make(map[string]struct{})}
	for _, pattern := range list {
		below := strings.HasSuffix(pattern, "/*")
		fixed := pattern
		if below {
			fixed = pattern[:len(pattern)-1]
		}
		switch {
		case strings.Contains(fixed, "/*/"):
			p.globs = append(p.globs, strings.Split(pattern[1:], "/"))
		case below:
			p.prefixes = append(p.prefixes, fixed)
		default:
			p.exact[pattern] = struct{}{}
		}
	}
	return p
}

// match reports whether a pattern covers the canonical path.
func (p *patterns) match(path string) bool {
	if p == nil || path == "" || path[0] != '/' {
		return false
	}
	if _, ok := p.exact[path]; ok {
		return true
	}
	for _, prefix := range p.prefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	for _, glob := range p.globs {
		if matchGlob(glob, path[1:]) {
			return true
		}
	}
	return false
}

// matchGlob compares path, without its first slash, segment by segment.
func matchGlob(glob []string, path string) bool {
	for i, want := range glob {
		last := i == len(glob)-1
		if last && want == "*" {
			return true
		}
		segment, rest, more := strings.Cut(path, "/")
		if want == "*" && segment == "" || want != "*" && want != segment || more == last {
			return false
		}
		path = rest
	}
	return true
}
