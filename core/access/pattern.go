package access

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gatehouse/core/proxy"
)

// pattern is a path, segment by segment; "*" is any one segment. A slash at the end
// makes no difference, and /a/* covers /a too: applications answer all of these
// alike, and a rule for one of them that leaves another open protects nothing.
type pattern struct {
	segments []string
	below    bool // and everything below
}

// fit compares with a canonical path. odd says that isOdd(path).
func (p pattern) fit(path string, odd bool) fit {
	how := p.walk(path[1:])
	if how == apart && odd && p.resembles(path[1:]) {
		return resembling
	}
	return how
}

func (p pattern) walk(rest string) fit {
	how := covered
	for _, want := range p.segments {
		end := len(want)
		if want == "*" {
			if end = strings.IndexByte(rest, '/'); end < 0 {
				end = len(rest)
			}
		}
		if end == 0 || len(rest) < end || len(rest) > end && rest[end] != '/' {
			return apart
		}
		if want != "*" && want != rest[:end] {
			if !strings.EqualFold(want, rest[:end]) {
				return apart
			}
			how = resembling
		}
		rest = strings.TrimPrefix(rest[end:], "/")
	}
	if !p.below && rest != "" {
		return apart
	}
	return how
}

// resembles compares as the most lenient application would: letters in any case,
// parameters cut off, segments skipped that are empty then.
func (p pattern) resembles(rest string) bool {
	for _, want := range p.segments {
		segment := ""
		for segment == "" {
			if rest == "" {
				return false
			}
			segment, rest, _ = strings.Cut(rest, "/")
			segment = withoutParameters(segment)
		}
		if want != "*" && !alike(want, segment) {
			return false
		}
	}
	for !p.below && rest != "" {
		segment := ""
		if segment, rest, _ = strings.Cut(rest, "/"); withoutParameters(segment) != "" {
			return false
		}
	}
	return true
}

// isOdd reports a path in which some applications skip text or fold letters beyond
// ASCII: one with parameters or escapes, or one that is not canonical.
func isOdd(path string) bool {
	return strings.ContainsAny(path, ";%") || strings.Contains(path, "//")
}

// alike compares segments without regard to the case of letters, escaped ones included.
func alike(a, b string) bool {
	for a != "" && b != "" {
		var one, other rune
		one, a = cutRune(a)
		other, b = cutRune(b)
		if unicode.ToLower(unicode.ToUpper(one)) != unicode.ToLower(unicode.ToUpper(other)) {
			return false
		}
	}
	return a == b
}

// cutRune cuts the first character off s, which is not empty. Escapes of what is not
// UTF-8 are all the same to it.
func cutRune(s string) (rune, string) {
	var text [utf8.UTFMax]byte
	n := 0
	for rest := s; n < len(text) && len(rest) >= 3 && rest[0] == '%'; rest = rest[3:] {
		text[n] = unhex(rest[1])<<4 | unhex(rest[2])
		n++
	}
	if n == 0 {
		r, size := utf8.DecodeRuneInString(s)
		return r, s[size:]
	}
	r, size := utf8.DecodeRune(text[:n])
	return r, s[3*size:]
}

func unhex(c byte) byte {
	if c >= 'A' {
		return c&0xf + 9
	}
	return c & 0xf
}

func withoutParameters(segment string) string {
	segment, _, _ = strings.Cut(segment, ";")
	segment, _, _ = strings.Cut(segment, "%3B")
	return segment
}

// includes reports whether every path of q is one of p.
func (p pattern) includes(q pattern) bool {
	if len(q.segments) < len(p.segments) {
		return false
	}
	for i, s := range p.segments {
		if s != "*" && s != q.segments[i] {
			return false
		}
	}
	return p.below || len(q.segments) == len(p.segments) && !q.below
}

func (p pattern) equal(q pattern) bool {
	return p.below == q.below && slices.Equal(p.segments, q.segments)
}

func (p pattern) everything() bool { return p.below && len(p.segments) == 0 }

func (p pattern) String() string {
	text := "/" + strings.Join(p.segments, "/")
	switch {
	case p.everything():
		return "/*"
	case p.below:
		return text + "/*"
	case strings.HasSuffix(text, "*"):
		return text + "/"
	}
	return text
}

const patternHint = "for example /robots.txt, /assets/* or /users/*/avatar: segments of letters, digits and - . _ ~, or * for a whole one; other text in the form that browsers send, /caf%C3%A9"

// parsePattern accepts canonical paths whose segments can be written in one way
// only: to many applications /a@b is /a%40b, so that a pattern for one of the two
// would miss the other.
func parsePattern(text string) (pattern, *Error) {
	if plain, err := proxy.CanonicalPath(text); err != nil || plain != text {
		return pattern{}, mistake("has the path "+quoted(text)+", which is not in canonical form", patternHint)
	}
	var p pattern
	rest := strings.TrimSuffix(text[1:], "/")
	if rest == "" {
		return p, nil
	}
	p.segments = strings.Split(rest, "/")
	for _, s := range p.segments {
		if s == "*" {
			continue
		}
		if strings.Contains(s, "*") {
			return pattern{}, mistake("has the path "+quoted(text)+" with a * that is not a whole segment", patternHint)
		}
		if strings.ContainsAny(s, "!$&'()+,;=:@") || ambiguousEscape(s) {
			return pattern{}, mistake("has the path "+quoted(text)+" with a character that can be written in two ways", patternHint)
		}
	}
	// "/a/*/" is one segment below /a, "/a/*" everything.
	if last := len(p.segments) - 1; p.segments[last] == "*" && strings.HasSuffix(text, "*") {
		p.segments, p.below = p.segments[:last], true
	}
	return p, nil
}

// ambiguousEscape reports an escape of a character that may also stand raw, or of
// the percent sign, which some applications decode twice.
func ambiguousEscape(s string) bool {
	for {
		_, after, found := strings.Cut(s, "%")
		if !found {
			return false
		}
		switch s = after; s[:2] {
		case "21", "24", "25", "26", "27", "28", "29", "2A", "2B", "2C", "3A", "3B", "3D", "40":
			return true
		}
	}
}
