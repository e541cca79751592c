package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// jar is one browser's cookies for the public origin, by RFC 6265bis. It is safe
// for concurrent use.
type jar struct {
	now func() time.Time

	mu      sync.Mutex
	cookies []*http.Cookie // in order of creation; Expires is zero for session cookies
}

// update applies the Set-Cookie headers of an answer. A cookie that a browser
// would refuse is an error; the others are kept all the same.
func (j *jar) update(h http.Header) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var refused error
	for _, line := range h["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err == nil {
			err = acceptable(c)
		}
		if err != nil {
			refused = fmt.Errorf("a browser refuses Set-Cookie %s: %w", shorten(line), err)
			continue
		}
		switch {
		case c.MaxAge < 0:
			c.Expires = time.Unix(1, 0)
		case c.MaxAge > 0:
			c.Expires = j.now().Add(time.Duration(c.MaxAge) * time.Second)
		}
		i := slices.IndexFunc(j.cookies, func(o *http.Cookie) bool { return o.Name == c.Name && o.Path == c.Path })
		if i >= 0 {
			j.cookies[i] = c
		} else {
			j.cookies = append(j.cookies, c)
		}
	}
	j.sweep()
	return refused
}

// acceptable says why a browser would drop c on a secure origin, or nil.
func acceptable(c *http.Cookie) error {
	switch {
	case len(c.Name)+len(c.Value) > 4096:
		return fmt.Errorf("longer than 4096 bytes")
	case strings.HasPrefix(strings.ToLower(c.Name), "__host-") && (!c.Secure || c.Path != "/" || c.Domain != ""):
		return fmt.Errorf("__Host- needs Secure, Path=/ and no Domain")
	case strings.HasPrefix(strings.ToLower(c.Name), "__secure-") && !c.Secure:
		return fmt.Errorf("__Secure- needs Secure")
	case c.SameSite == http.SameSiteNoneMode && !c.Secure:
		return fmt.Errorf("SameSite=None needs Secure")
	}
	return nil
}

// sweep drops what has expired.
func (j *jar) sweep() {
	j.cookies = slices.DeleteFunc(j.cookies, func(c *http.Cookie) bool {
		return !c.Expires.IsZero() && !c.Expires.After(j.now())
	})
}

// header returns the Cookie header for r, or for any request if r is nil. A browser
// withholds SameSite=Lax cookies from cross-site requests other than navigations
// by GET.
func (j *jar) header(r *request) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sweep()
	var pairs []string
	for _, c := range j.cookies {
		if r != nil && r.site == "cross-site" {
			lax := c.SameSite == http.SameSiteLaxMode || c.SameSite == 0 || c.SameSite == http.SameSiteDefaultMode
			safe := r.kind == "navigate" && r.method == http.MethodGet
			if c.SameSite == http.SameSiteStrictMode || lax && !safe {
				continue
			}
		}
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// value returns the cookie called name.
func (j *jar) value(name string) (string, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sweep()
	for _, c := range j.cookies {
		if c.Name == name {
			return c.Value, true
		}
	}
	return "", false
}

// cookiePattern is an expectation of one Set-Cookie header: "NAME=VALUE; ATTRIBUTE;
// !ATTRIBUTE", attributes in any order, or "!NAME" for no such cookie.
type cookiePattern struct {
	name, value text
	absent      bool
	attributes  []cookieAttribute
}

type cookieAttribute struct {
	name   string
	value  text
	absent bool
}

func parseCookiePattern(s string) (*cookiePattern, error) {
	pair, rest, hasRest := strings.Cut(s, ";")
	p := &cookiePattern{}
	pair, p.absent = strings.CutPrefix(strings.TrimSpace(pair), "!")
	name, value, ok := strings.Cut(pair, "=")
	if ok == p.absent || name == "" {
		return nil, fmt.Errorf("want NAME=VALUE or !NAME, not %q", s)
	}
	var err error
	if p.name, err = parseText(name); err == nil {
		p.value, err = parseText(value)
	}
	if err != nil || !hasRest {
		return p, err
	}
	for item := range strings.SplitSeq(rest, ";") {
		var a cookieAttribute
		item, a.absent = strings.CutPrefix(strings.TrimSpace(item), "!")
		name, value, _ := strings.Cut(item, "=")
		a.name = name
		if a.value, err = parseText(value); err != nil || name == "" {
			return nil, fmt.Errorf("attribute %q: %v", item, err)
		}
		p.attributes = append(p.attributes, a)
	}
	return p, nil
}

func (p *cookiePattern) match(s *scope, lines []string) error {
	err := fmt.Errorf("no such cookie is set")
	for _, line := range lines {
		pair, rest, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		trial := s.fork()
		if trial.match(p.name, name) != nil {
			continue
		}
		if p.absent {
			return fmt.Errorf("it is set: %s", shorten(line))
		}
		if err = trial.match(p.value, value); err != nil {
			continue
		}
		if err = p.matchAttributes(trial, rest); err != nil {
			continue
		}
		_ = s.match(p.name, name)
		_ = s.match(p.value, value)
		return p.matchAttributes(s, rest)
	}
	if p.absent {
		return nil
	}
	return err
}

func (p *cookiePattern) matchAttributes(s *scope, rest string) error {
	got := map[string]string{}
	for item := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		got[strings.ToLower(name)] = value
	}
	for _, a := range p.attributes {
		v, ok := got[strings.ToLower(a.name)]
		switch {
		case ok == a.absent:
			return fmt.Errorf("attribute %s: present is %v", a.name, ok)
		case a.absent:
		default:
			if err := s.match(a.value, v); err != nil {
				return fmt.Errorf("attribute %s: %w", a.name, err)
			}
		}
	}
	return nil
}
