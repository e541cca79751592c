package conformance

import (
	"encoding/json"
	"fmt"
	"html"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// bodyPattern is an expectation of a body: the lines of an exact text, or lines
// that each begin with a word of bodyWords.
type bodyPattern struct {
	exact  *text
	lines  []bodyLine
	broken bool // it ends before its announced end
}

type bodyLine struct {
	negated bool
	word    string
	text    text   // contains, assertion
	path    string // json
	op      string // "==", "~" or ""
	want    matcher
}

var bodyWords = regexp.MustCompile(`^(!?)(contains|json|form|match|link|code|assertion|empty|broken)(?: (.*))?$`)

func parseBody(body string) (*bodyPattern, error) {
	b := &bodyPattern{}
	for _, line := range joinLines(body) {
		m := bodyWords.FindStringSubmatch(line)
		if m == nil {
			b.lines, b.broken = nil, false
			break
		}
		l := bodyLine{negated: m[1] == "!", word: m[2]}
		var err error
		switch l.word {
		case "broken":
			b.broken = true
			continue
		case "json":
			err = l.parseJSON(m[3])
		case "form":
			l.want, err = parseForm(m[3])
		case "link", "code":
			l.want, err = parsePattern(m[3])
		case "match":
			l.want, err = parsePattern("~" + m[3])
		default:
			l.text, err = parseText(m[3])
		}
		if err != nil {
			return nil, err
		}
		b.lines = append(b.lines, l)
	}
	if b.lines != nil || b.broken {
		return b, nil
	}
	t, err := parseText(body)
	b.exact = &t
	return b, err
}

// parseJSON reads "PATH == VALUE", "PATH ~ REGEXP" or "PATH".
func (l *bodyLine) parseJSON(s string) (err error) {
	path, rest, _ := strings.Cut(s, " ")
	op, value, _ := strings.Cut(rest, " ")
	l.path, l.op = path, op
	switch {
	case path == "" || (op != "" && (value == "" || l.negated)):
		return fmt.Errorf("want PATH, PATH == VALUE, PATH ~ REGEXP or PATH is PATTERN, not %q", s)
	case op == "==":
		l.want, err = parseText(value)
	case op == "~":
		l.want, err = parsePattern("~" + value)
	case op == "is":
		l.want, err = parsePattern(value)
	case op != "":
		return fmt.Errorf("unknown comparison %q", op)
	}
	return err
}

func (b *bodyPattern) match(s *scope, got string) error {
	if b.exact != nil {
		return s.match(*b.exact, got)
	}
	for _, l := range b.lines {
		if err := l.match(s, got); err != nil {
			return err
		}
	}
	return nil
}

func (l *bodyLine) match(s *scope, got string) error {
	var err error
	switch l.word {
	case "contains":
		var part string
		if part, err = s.expand(l.text); err != nil {
			return err
		}
		if !strings.Contains(got, part) {
			err = fmt.Errorf("want %s somewhere\n     in %s", shorten(part), shorten(got))
		}
	case "empty":
		if got != "" {
			err = fmt.Errorf("want nothing\n     got %s", shorten(got))
		}
	case "json":
		err = l.matchJSON(s, got)
	case "assertion":
		err = matchClientAssertion(s, l.text.source, got)
	case "link":
		err = matchAny(s, l.want, pageLink, got)
	case "code":
		err = matchAny(s, l.want, pageCode, got)
	default:
		err = l.want.match(s, got)
	}
	if l.negated {
		if err == nil {
			return fmt.Errorf("!%s %s%s, but got %s", l.word, l.text.source, l.path, shorten(got))
		}
		return nil
	}
	return err
}

func (l *bodyLine) matchJSON(s *scope, got string) error {
	var v any
	if err := json.Unmarshal([]byte(got), &v); err != nil {
		return fmt.Errorf("not JSON: %w: %s", err, shorten(got))
	}
	if l.path != "." {
		for key := range strings.SplitSeq(l.path, ".") {
			var ok bool
			if v, ok = member(v, key); !ok {
				return fmt.Errorf("json %s is missing in %s", l.path, shorten(got))
			}
		}
	}
	plain, isString := v.(string)
	if !isString {
		encoded, _ := json.Marshal(v)
		plain = string(encoded)
	}
	switch l.op {
	case "":
		return nil
	case "~", "is":
		return l.want.match(s, plain)
	}
	// A JSON string may be written with or without quotes when it holds a capture.
	want := l.want.(text)
	if expanded, err := s.expand(want); err == nil {
		var w any
		if err := json.Unmarshal([]byte(expanded), &w); err != nil {
			return fmt.Errorf("json %s: %s is not JSON", l.path, shorten(expanded))
		}
		if !reflect.DeepEqual(v, w) {
			return fmt.Errorf("json %s: want %s\n     got %s", l.path, expanded, shorten(plain))
		}
		return nil
	}
	encoded, _ := json.Marshal(v)
	if err := s.match(want, string(encoded)); err != nil {
		return fmt.Errorf("json %s: %w", l.path, err)
	}
	return nil
}

func member(v any, key string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		m, ok := v[key]
		return m, ok
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}

// Where a page has its links and the code that it shows.
var (
	pageLink = regexp.MustCompile(`<a [^>]*href="([^"]*)"`)
	pageCode = regexp.MustCompile(`<code>([^<]*)</code>`)
)

// matchAny reports whether one of the places in a page that where finds is what want says.
func matchAny(s *scope, want matcher, where *regexp.Regexp, page string) error {
	err := fmt.Errorf("nothing of the kind in %s", shorten(page))
	for _, m := range where.FindAllStringSubmatch(page, -1) {
		if err = want.match(s, html.UnescapeString(m[1])); err == nil {
			return nil
		}
	}
	return err
}
