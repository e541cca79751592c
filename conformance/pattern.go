package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// matcher is an expectation of one string.
type matcher interface {
	match(s *scope, got string) error
}

func (t text) match(s *scope, got string) error { return s.match(t, got) }

// expression is "~regexp".
type expression struct{ *regexp.Regexp }

func (e expression) match(_ *scope, got string) error {
	if !e.MatchString(got) {
		return fmt.Errorf("want a match of ~%s\n     got %s", e.Regexp, shorten(got))
	}
	return nil
}

// parsePattern reads "~regexp", "BASE ? NAME=VALUE & ..." or literal text.
func parsePattern(s string) (matcher, error) {
	if re, ok := strings.CutPrefix(s, "~"); ok {
		r, err := regexp.Compile(re)
		return expression{r}, err
	}
	if base, params, ok := strings.Cut(s, " ? "); ok {
		b, err := parseText(base)
		if err != nil {
			return nil, err
		}
		f, err := parseForm(params)
		return address{b, f}, err
	}
	return parseText(s)
}

// address is "BASE ? FORM".
type address struct {
	base text
	form form
}

func (a address) match(s *scope, got string) error {
	base, query, _ := strings.Cut(got, "?")
	if err := s.match(a.base, base); err != nil {
		return err
	}
	return a.form.match(s, query)
}

// form is "NAME=VALUE & !NAME & ...": parameters in any order, compared decoded.
// Without "..." no other parameter may be there.
type form struct {
	params []param
	open   bool
}

type param struct {
	name   string
	value  matcher
	absent bool
}

func parseForm(s string) (form, error) {
	var f form
	for item := range strings.SplitSeq(s, " & ") {
		item = strings.TrimSpace(item)
		if item == "..." {
			f.open = true
			continue
		}
		if name, ok := strings.CutPrefix(item, "!"); ok {
			f.params = append(f.params, param{name: name, absent: true})
			continue
		}
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return form{}, fmt.Errorf("want NAME=VALUE, not %q", item)
		}
		var m matcher
		var err error
		if strings.HasPrefix(value, "~") {
			m, err = parsePattern(value)
		} else {
			m, err = parseText(value)
		}
		if err != nil {
			return form{}, err
		}
		f.params = append(f.params, param{name: name, value: m})
	}
	return f, nil
}

func (f form) match(s *scope, got string) error {
	left, err := url.ParseQuery(got)
	if err != nil {
		return fmt.Errorf("not a query: %w", err)
	}
	for _, p := range f.params {
		values := left[p.name]
		switch {
		case p.absent && len(values) > 0:
			return fmt.Errorf("parameter %s is there: %s", p.name, shorten(values[0]))
		case p.absent:
			continue
		case len(values) == 0:
			return fmt.Errorf("parameter %s is missing in %s", p.name, shorten(got))
		}
		if err := p.value.match(s, values[0]); err != nil {
			return fmt.Errorf("parameter %s: %w", p.name, err)
		}
		if left[p.name] = values[1:]; len(left[p.name]) == 0 {
			delete(left, p.name)
		}
	}
	for name, values := range left {
		listed := slices.ContainsFunc(f.params, func(p param) bool { return p.name == name })
		if !f.open || listed {
			return fmt.Errorf("unexpected parameter %s=%s", name, shorten(values[0]))
		}
	}
	return nil
}

// headerPattern is an expectation of a header: the named fields have exactly the
// values listed, in order; Set-Cookie has at least those.
type headerPattern struct {
	name    string
	absent  bool
	value   matcher        // nil if absent or a cookie
	cookie  *cookiePattern // of a Set-Cookie line
	literal string
}

func parseHeaderPatterns(lines []headerLine) ([]headerPattern, error) {
	var out []headerPattern
	for _, l := range lines {
		p := headerPattern{name: l.name, absent: l.absent, literal: l.value}
		var err error
		switch {
		case l.absent:
		case strings.EqualFold(l.name, "Set-Cookie"):
			p.cookie, err = parseCookiePattern(l.value)
		default:
			p.value, err = parsePattern(l.value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// fields returns the values under every spelling of name: applications behind CGI
// and its heirs take "_" for "-".
func fields(h http.Header, name string) []string {
	fold := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "-")) }
	var values []string
	for k, v := range h {
		if fold(k) == fold(name) {
			values = append(values, v...)
		}
	}
	return values
}

func matchHeader(s *scope, patterns []headerPattern, h http.Header) error {
	listed := map[string]int{}
	for _, p := range patterns {
		got := fields(h, p.name)
		key := strings.ToLower(p.name)
		switch {
		case p.absent && len(got) > 0:
			return fmt.Errorf("header %s is there: %s", p.name, shorten(strings.Join(got, ", ")))
		case p.absent:
		case p.cookie != nil:
			if err := p.cookie.match(s, got); err != nil {
				return fmt.Errorf("Set-Cookie %s: %w", p.literal, err)
			}
		case listed[key] >= len(got):
			return fmt.Errorf("header %s: %s is missing", p.name, p.literal)
		default:
			if err := p.value.match(s, got[listed[key]]); err != nil {
				return fmt.Errorf("header %s: %w", p.name, err)
			}
			listed[key]++
		}
	}
	for name, n := range listed {
		if got := fields(h, name); len(got) > n {
			return fmt.Errorf("header %s has %d values, want %d: %s", http.CanonicalHeaderKey(name), len(got), n, shorten(strings.Join(got, " | ")))
		}
	}
	return nil
}

// bodyPattern is an expectation of a body: the lines of an exact text, or lines
// that each begin with a word of bodyWords.
type bodyPattern struct {
	exact *text
	lines []bodyLine
}

type bodyLine struct {
	negated bool
	word    string
	text    text   // contains, form
	path    string // json
	op      string // "==", "~" or ""
	want    matcher
}

var bodyWords = regexp.MustCompile(`^(!?)(contains|json|form|match|empty)(?: (.*))?$`)

func parseBody(body string) (*bodyPattern, error) {
	b := &bodyPattern{}
	for _, line := range joinLines(body) {
		m := bodyWords.FindStringSubmatch(line)
		if m == nil {
			b.lines = nil
			break
		}
		l := bodyLine{negated: m[1] == "!", word: m[2]}
		var err error
		switch l.word {
		case "json":
			err = l.parseJSON(m[3])
		case "form":
			l.want, err = parseForm(m[3])
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
	if b.lines != nil {
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
		return fmt.Errorf("want PATH, PATH == VALUE or PATH ~ REGEXP, not %q", s)
	case op == "==":
		l.want, err = parseText(value)
	case op == "~":
		l.want, err = parsePattern("~" + value)
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
	case "~":
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
