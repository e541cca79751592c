package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// text is a piece of a case in which placeholders stand for values that only a run
// knows. README.md lists them.
type text struct {
	source string
	pieces []piece
}

// piece is literal text, or a placeholder: a name with an optional pattern, or a
// function with arguments.
type piece struct {
	literal string
	name    string
	pattern string
	args    []string
}

var placeholderName = regexp.MustCompile(`^[a-z][A-Za-z0-9_.+-]*`)

// functions lists the placeholders that compute a value, with the least and the
// greatest number of their arguments.
var functions = map[string][2]int{
	"new": {1, 1}, "rep": {2, 2}, "hex": {1, 1}, "config": {1, 1}, "tamper": {2, 2},
	"escape": {1, 1}, "s256": {1, 1}, "pkce": {1, 1}, "cookies": {0, 0}, "idtoken": {0, 0}, "jkt": {1, 1},
}

// parseText reads s. A brace that no lower-case letter follows is literal, so JSON
// needs no escapes.
func parseText(s string) (text, error) {
	t := text{source: s}
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			t.pieces = append(t.pieces, piece{literal: s})
			break
		}
		name := placeholderName.FindString(s[open+1:])
		if name == "" {
			t.pieces = append(t.pieces, piece{literal: s[:open+1]})
			s = s[open+1:]
			continue
		}
		if open > 0 {
			t.pieces = append(t.pieces, piece{literal: s[:open]})
		}
		end := closingBrace(s[open:])
		if end < 0 {
			return text{}, fmt.Errorf("placeholder {%s has no closing brace", name)
		}
		p, err := parsePlaceholder(name, s[open+1+len(name):open+end])
		if err != nil {
			return text{}, err
		}
		t.pieces = append(t.pieces, p)
		s = s[open+end+1:]
	}
	return t, nil
}

// parsePlaceholder reads what follows the name inside the braces.
func parsePlaceholder(name, rest string) (piece, error) {
	p := piece{name: name}
	if pattern, ok := strings.CutPrefix(rest, ":"); ok {
		if _, known := functions[name]; known {
			return piece{}, fmt.Errorf("{%s} takes no pattern", name)
		}
		if _, err := regexp.Compile(pattern); err != nil {
			return piece{}, fmt.Errorf("pattern of {%s}: %w", name, err)
		}
		p.pattern = pattern
		return p, nil
	}
	if rest != "" && rest[0] != ' ' {
		return piece{}, fmt.Errorf("unexpected %q in placeholder {%s", rest, name)
	}
	p.args = strings.Fields(rest)
	bounds, known := functions[name]
	switch {
	case !known && len(p.args) > 0:
		return piece{}, fmt.Errorf("unknown placeholder function {%s", name)
	case known && (len(p.args) < bounds[0] || len(p.args) > bounds[1]):
		return piece{}, fmt.Errorf("{%s} with %d arguments", name, len(p.args))
	}
	return p, nil
}

// closingBrace returns the index of the brace that closes the one at s[0], or -1.
// A placeholder ends on its line.
func closingBrace(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n':
			return -1
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// isCapture reports whether p is a plain name, which an expectation may bind.
func (p piece) isCapture() bool {
	_, known := functions[p.name]
	return p.name != "" && !known && !strings.ContainsAny(p.name, ".+-")
}

// expand replaces every placeholder of t by its value.
func (s *scope) expand(t text) (string, error) {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		v, err := s.value(p)
		if err != nil {
			return "", err
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// match reports whether got is what t says, and binds the names that t captures.
// Nothing is bound unless all of it matches.
func (s *scope) match(t text, got string) error {
	var pattern, want strings.Builder
	var captures []string
	pattern.WriteString(`(?s)\A`)
	for _, p := range t.pieces {
		if p.name == "" {
			pattern.WriteString(regexp.QuoteMeta(p.literal))
			want.WriteString(p.literal)
			continue
		}
		v, err := s.value(p)
		switch {
		case err == nil:
			pattern.WriteString(regexp.QuoteMeta(v))
			want.WriteString(v)
		case errors.Is(err, errUnbound) && p.isCapture():
			re := p.pattern
			if re == "" {
				re = `.+?`
			}
			fmt.Fprintf(&pattern, `(?P<c%d>%s)`, len(captures), re)
			fmt.Fprintf(&want, "{%s:%s}", p.name, re)
			captures = append(captures, p.name)
		default:
			return err
		}
	}
	pattern.WriteString(`\z`)
	re, err := regexp.Compile(pattern.String())
	if err != nil {
		return err
	}
	m := re.FindStringSubmatch(got)
	if m == nil {
		return fmt.Errorf("want %s\n     got %s", shorten(want.String()), shorten(got))
	}
	values := map[string]string{}
	for i, name := range captures {
		v := m[re.SubexpIndex(fmt.Sprintf("c%d", i))]
		if first, ok := values[name]; ok && first != v {
			return fmt.Errorf("{%s} is both %s and %s", name, shorten(first), shorten(v))
		}
		values[name] = v
	}
	for name, v := range values {
		s.bind(name, v)
	}
	return nil
}

// shorten keeps messages readable.
func shorten(s string) string {
	const most = 600
	if len(s) > most {
		return fmt.Sprintf("%q... (%d bytes)", s[:most], len(s))
	}
	return fmt.Sprintf("%q", s)
}
