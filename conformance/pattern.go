package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
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
