package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// abort says when the client goes away.
type abort int

const (
	abortNever  abort = iota
	abortHeader       // once the answer's header has arrived
	abortFetch        // once the gateway's first outbound request has gone out
)

// request is what a client sends, and what happens in the world just before.
type request struct {
	peer     string
	advance  time.Duration
	parallel int
	abort    abort
	stream   bool // each line of the body waits until the application has the one before
	browser  string
	kind     string    // "navigate", "fetch" or "": which headers a browser would add
	site     string    // Sec-Fetch-Site
	store    string    // profile that the store changes to
	damage   string    // what happens to the stored records
	restart  []setting // settings with which the gateway starts anew
	provider [][]string
	// meanwhile happens once the answer's header is there.
	meanwhile []event

	method string
	target text
	header []textLine
	body   text
}

// textLine is a header line of a message that is sent.
type textLine struct {
	name  string
	value text
}

// limited reports whether a client's limit may apply to the request: it is for a step of
// a login, for the broker or for the provider's logout, or carries a token that the provider may have to be asked about. Where a
// target is made of what was captured only, it may be such a step.
func (r *request) limited() bool {
	return strings.Contains(r.target.source, "/login/") || strings.Contains(r.target.source, "/auth/") || strings.Contains(r.target.source, "channel") || strings.HasPrefix(r.target.source, "{") ||
		slices.ContainsFunc(r.header, func(l textLine) bool { return strings.EqualFold(l.name, "Authorization") })
}

func (r *request) parse(data string) error {
	m, err := parseMessage(data)
	if err != nil {
		return err
	}
	r.browser, r.parallel = "one", 1
	for _, d := range m.directives {
		if err := r.directive(d[0], d[1:]); err != nil {
			return fmt.Errorf("@%s: %w", strings.Join(d, " "), err)
		}
	}
	method, target, ok := strings.Cut(strings.TrimSuffix(m.first, " HTTP/1.1"), " ")
	if !ok || target == "" || strings.Contains(target, " ") && !strings.Contains(target, "{") {
		return fmt.Errorf("want METHOD TARGET, not %q", m.first)
	}
	r.method = method
	if r.target, err = parseText(target); err != nil {
		return err
	}
	if r.header, err = parseLines(m.header); err != nil {
		return err
	}
	r.body, err = parseText(m.body)
	return err
}

// parseLines reads the header of a message that is sent.
func parseLines(lines []headerLine) ([]textLine, error) {
	var out []textLine
	for _, l := range lines {
		if l.absent {
			return nil, fmt.Errorf("!%s in a message that is sent", l.name)
		}
		t, err := parseText(l.value)
		if err != nil {
			return nil, err
		}
		out = append(out, textLine{l.name, t})
	}
	return out, nil
}

func (r *request) directive(word string, args []string) (err error) {
	want := func(least, most int) error {
		if len(args) < least || len(args) > most {
			return fmt.Errorf("%d arguments", len(args))
		}
		return nil
	}
	one := func() string {
		if err = want(1, 1); err != nil {
			return ""
		}
		return args[0]
	}
	switch word {
	case "stream":
		r.stream, err = true, want(0, 0)
	case "peer":
		r.peer = one()
	case "browser":
		r.browser = one()
	case "advance":
		if v := one(); err == nil {
			r.advance, err = time.ParseDuration(v)
		}
	case "parallel":
		if v := one(); err == nil {
			if r.parallel, err = strconv.Atoi(v); err == nil && (r.parallel < 2 || r.parallel > 1000) {
				err = fmt.Errorf("not within 2 to 1000")
			}
		}
	case "abort":
		switch {
		case len(args) == 0:
			r.abort = abortHeader
		case len(args) == 1 && args[0] == "fetch":
			r.abort = abortFetch
		default:
			err = fmt.Errorf("unknown moment")
		}
	case "navigate", "fetch":
		r.kind, r.site = word, map[string]string{"navigate": "none", "fetch": "same-origin"}[word]
		if err = want(0, 1); err == nil && len(args) == 1 {
			r.site = args[0]
			if !slices.Contains([]string{"none", "same-origin", "same-site", "cross-site"}, r.site) {
				err = fmt.Errorf("unknown site")
			}
		}
	case "store":
		if r.store = one(); err == nil && profiles[r.store] == nil {
			err = fmt.Errorf("unknown profile")
		}
	case "kv":
		if r.damage = one(); err == nil && damages[r.damage] == nil {
			err = fmt.Errorf("unknown damage")
		}
	case "meanwhile":
		var e event
		e, err = parseEvent(args)
		r.meanwhile = append(r.meanwhile, e)
	case "restart":
		name, v, ok := strings.Cut(strings.Join(args, " "), "=")
		if !ok || name == "" {
			return fmt.Errorf("want NAME=value")
		}
		var t text
		t, err = parseText(v)
		r.restart = append(r.restart, setting{name, t})
	case "jwks", "discovery", "provider":
		if err = want(1, 8); err == nil {
			r.provider = append(r.provider, append([]string{word}, args...))
			err = new(provider).change(word, args)
		}
	default:
		err = fmt.Errorf("unknown directive")
	}
	return err
}

// build makes the request that goes over the wire. Its context is ctx.
func (r *request) build(ctx context.Context, s *scope) (*http.Request, error) {
	target, err := s.expand(r.target)
	if err != nil {
		return nil, err
	}
	app, err := url.Parse(s.config["APP_URL"])
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	r.browserHeader(header, s)
	host, explicit := app.Host, map[string]bool{}
	for _, l := range r.header {
		v, err := s.expand(l.value)
		if err != nil {
			return nil, err
		}
		name := strings.ToLower(l.name)
		if !explicit[name] {
			explicit[name] = true
			for k := range header {
				if strings.EqualFold(k, l.name) {
					delete(header, k)
				}
			}
		}
		switch {
		case name == "host":
			host = v
		case name == "cookie" && v == "":
		default:
			header[l.name] = append(header[l.name], v)
		}
	}
	body, err := s.expand(r.body)
	if err != nil {
		return nil, err
	}
	req := &http.Request{
		Method: r.method, RequestURI: target, Host: host, Header: header, RemoteAddr: r.peer,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
	if body == "" {
		req.Body = http.NoBody
	}
	if req.URL, err = url.Parse(target); err != nil || !strings.HasPrefix(target, "/") {
		req.URL = &url.URL{Opaque: target}
	}
	req.URL.Scheme, req.URL.Host = app.Scheme, app.Host
	if req.RemoteAddr == "" {
		req.RemoteAddr = "198.51.100.1:40000"
	}
	return req.WithContext(ctx), nil
}

// browserHeader adds what a browser sends with a navigation or a script's fetch,
// cookies included.
func (r *request) browserHeader(h http.Header, s *scope) {
	switch r.kind {
	case "navigate":
		h.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		h.Set("Sec-Fetch-Mode", "navigate")
		h.Set("Sec-Fetch-Dest", "document")
		h.Set("Sec-Fetch-User", "?1")
	case "fetch":
		h.Set("Accept", "application/json")
		h.Set("Sec-Fetch-Mode", "cors")
		h.Set("Sec-Fetch-Dest", "empty")
	default:
		return
	}
	h.Set("Sec-Fetch-Site", r.site)
	if r.method != http.MethodGet && r.method != http.MethodHead {
		switch r.site {
		case "cross-site", "same-site":
			h.Set("Origin", "https://evil.example")
		default:
			h.Set("Origin", s.config["APP_URL"])
		}
	}
	if c := s.jar.header(r); c != "" {
		h.Set("Cookie", c)
	}
}
