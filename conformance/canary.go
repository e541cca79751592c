package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// places are where a secret may turn up; a case may allow one with reveal.
var places = []string{"response", "url", "application", "log", "kv"}

// canary knows the secrets of a run and finds them where they must not be: the
// configured secrets, codes, verifiers, tokens, the values of the gateway's cookies, and
// the handles and codes that the broker gives away. Values shorter than 8 bytes are not watched. It is safe for concurrent
// use.
type canary struct {
	reveal []reveal

	mu      sync.Mutex
	secrets map[string]watched // by value
	seen    []evidence
}

type watched struct {
	names  []string
	cookie bool // a cookie's value, which Set-Cookie may carry
	given  bool // made for the client, so that answers may carry it
}

func (c *canary) watch(name, value string) { c.add(name, value, false, false) }

func (c *canary) add(name, value string, cookie, given bool) {
	if len(value) < 8 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.secrets[value]
	if !slices.Contains(w.names, name) {
		w.names = append(w.names, name)
	}
	w.cookie = cookie && (len(w.names) == 1 || w.cookie)
	w.given = given && (len(w.names) == 1 || w.given)
	c.secrets[value] = w
}

// evidence is text that must hold no secret.
type evidence struct {
	place, where, text string
	setCookie          bool // a Set-Cookie header
}

// see keeps text for check.
func (c *canary) see(place, where, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, evidence{place, where, text, false})
}

// seeHeader is see for every field of h.
func (c *canary) seeHeader(place, where string, h http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, values := range h {
		for _, v := range values {
			c.seen = append(c.seen, evidence{place, where + " header " + name, v, place == "response" && name == "Set-Cookie"})
		}
	}
}

// check searches all that was seen for all secrets known by now: what was a secret
// often turns out later.
func (c *canary) check() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for value, w := range c.secrets {
		escaped := url.QueryEscape(value)
		for _, e := range c.seen {
			if e.setCookie && w.cookie || e.place == "response" && w.given || !strings.Contains(e.text, value) && !strings.Contains(e.text, escaped) {
				continue
			}
			if !slices.ContainsFunc(c.reveal, func(r reveal) bool { return r.place == e.place && slices.Contains(w.names, r.name) }) {
				errs = append(errs, fmt.Errorf("the secret %s is in %s", strings.Join(w.names, "/"), e.where))
			}
		}
	}
	return errs
}

// learnTokens watches the tokens of a JSON answer.
func (c *canary) learnTokens(body string) {
	var fields map[string]any
	if json.Unmarshal([]byte(body), &fields) != nil {
		return
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		if v, ok := fields[name].(string); ok {
			c.watch(name, v)
		}
	}
}

// learnForm watches the secrets among the parameters of a query or form.
func (c *canary) learnForm(form string) {
	values, _ := url.ParseQuery(form)
	for _, name := range []string{"code", "code_verifier", "client_secret", "refresh_token", "access_token", "token", "api_sig", "sk"} {
		for _, v := range values[name] {
			c.watch(name, v)
		}
	}
}

// learnCookies watches the values of the cookies that an answer sets.
func (c *canary) learnCookies(h http.Header) {
	for _, line := range h["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		if len(value) >= 16 {
			c.add("cookie "+name, value, true, false)
		}
	}
}

// learnGiven watches what the broker's answer gives to the client: handles, tokens to
// ask with, and the code that is collected, in a redirect or on a page.
func (c *canary) learnGiven(h http.Header, body string) {
	var fields map[string]any
	if json.Unmarshal([]byte(body), &fields) == nil {
		for _, name := range []string{"handle", "poll_token"} {
			if v, ok := fields[name].(string); ok {
				c.add(name, v, false, true)
			}
		}
	}
	if u, err := url.Parse(h.Get("Location")); err == nil {
		if v := u.Query().Get("code"); collected.MatchString(v) {
			c.add("collected code", v, false, true)
		}
	}
	if m := shown.FindStringSubmatch(body); m != nil {
		c.add("collected code", m[1], false, true)
		c.add("collected code", strings.ReplaceAll(m[1], "-", ""), false, true)
	}
}

// The broker's codes: sealed in redirects, letters on pages.
var (
	collected = regexp.MustCompile(`^[A-Za-z0-9_-]{90,120}$`)
	shown     = regexp.MustCompile(`<code>([A-Z]{5}(?:-[A-Z]{5}){5})</code>`)
)
