package provider

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/proxy"
)

// Bounds of a call.
const (
	// CallTimeout bounds a call, its answer's body included.
	CallTimeout = time.Minute
	// MaxCallAnswer bounds the body of a call's answer in bytes.
	MaxCallAnswer = 10 << 20
	// maxQuery bounds a call's query, and a form, in bytes.
	maxQuery = 64 << 10
)

// Call is a client's request to the provider's API.
type Call struct {
	Method string
	// Path is the escaped path as the client wrote it, relative to the API, beginning
	// with a slash. Last.fm: "/" and the name of the method.
	Path string
	// RawQuery is the query as the client wrote it.
	RawQuery string
	// Header is the client's; few fields pass.
	Header http.Header
	// Body is whole, because a call may be made twice.
	Body []byte
}

// Call makes c with g's token or signature. The answer's status is the provider's, its
// header has only what may pass, its body ends with an error at the bound or the
// deadline; the caller closes it. The error is an [*Error]: NotAllowed, Request,
// Unauthorized (refresh g and call again), Ended, Busy, Configuration, Malformed or
// Unavailable.
func (p *Provider) Call(ctx context.Context, g *Grant, c Call) (*http.Response, error) {
	r, err := p.protocol.Request(p, g, c)
	if err != nil {
		return nil, err
	}
	for _, name := range append(p.d.Headers, passUp...) {
		if v := c.Header[name]; len(v) == 1 && r.Header.Get(name) == "" {
			r.Header.Set(name, v[0])
		}
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Accept-Encoding", "identity")
	res, err := p.egress.Stream(ctx, r, CallTimeout, MaxCallAnswer)
	if err != nil {
		if errors.Is(err, egress.ErrTooLarge) {
			return nil, wrap(Malformed, err)
		}
		return nil, wrap(Unavailable, err)
	}
	if err := p.protocol.Judge(p, res); err != nil {
		_ = res.Body.Close()
		return nil, err
	}
	header := http.Header{}
	for _, name := range passDown {
		if v := res.Header[name]; len(v) > 0 {
			header[name] = slices.Clone(v)
		}
	}
	return &http.Response{StatusCode: res.StatusCode, Header: header, Body: res.Body, ContentLength: res.ContentLength}, nil
}

// Header fields that pass, in canonical form. What identifies, or sets state, does not.
var (
	passUp   = []string{"Accept", "Accept-Language", "If-Match", "If-Modified-Since", "If-None-Match"}
	passDown = []string{
		"Content-Encoding", "Content-Language", "Content-Type", "Etag", "Last-Modified", "Link", "Retry-After",
		"Ratelimit", "Ratelimit-Policy", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
	}
)

// smuggled are parameters that would bring a token or a client of somebody's own, or that
// some servers take for the method, which the allow-list has decided about.
var smuggled = []string{"access_token", "oauth_token", "client_id", "client_secret", "_method", "x-http-method-override"}

// Request makes a call of an API with bearer tokens (RFC 6750, section 2.1).
func (OAuth) Request(p *Provider, g *Grant, c Call) (*http.Request, error) {
	path, err := callPath(c.Path)
	if err != nil {
		return nil, err
	}
	if p.s.API == "" || !slices.ContainsFunc(p.calls, func(a pattern) bool { return a.matchPath(c.Method, path) }) {
		return nil, fail(NotAllowed, "not on the list: "+printable(c.Method+" "+path, 200))
	}
	query, err := callQuery(c.RawQuery)
	if err != nil {
		return nil, err
	}
	address := p.s.API + path
	if query != "" {
		address += "?" + query
	}
	r, err := newRequest(c.Method, address, "")
	if err != nil {
		return nil, err
	}
	if len(c.Body) > 0 {
		if c.Method == http.MethodGet || c.Method == http.MethodHead {
			return nil, fail(Request, "a body with "+c.Method)
		}
		if kind := c.Header["Content-Type"]; len(kind) == 1 {
			r.Header.Set("Content-Type", kind[0])
			if isForm(kind[0]) {
				if _, err := callQuery(string(c.Body)); err != nil {
					return nil, err
				}
			}
		}
		setBody(r, string(c.Body))
	}
	r.Header.Del("Accept")
	r.Header.Set("Authorization", "Bearer "+g.Access.Reveal())
	return r, nil
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
}

// callPath returns the canonical path. Dot segments and empty ones are refused, not
// resolved: no client that means what it says sends them.
func callPath(escaped string) (string, error) {
	path, err := proxy.CanonicalPath(escaped)
	if err != nil {
		return "", wrap(Request, err)
	}
	plain, err := url.PathUnescape(escaped)
	if err != nil || strings.Contains(plain, "//") || strings.Contains(plain+"/", "/./") || strings.Contains(plain+"/", "/../") {
		return "", fail(Request, "dot segments or empty ones in the path")
	}
	return path, nil
}

// callQuery writes a query anew, parameters in their order.
func callQuery(raw string) (string, error) {
	if len(raw) > maxQuery {
		return "", fail(Request, "query is too long")
	}
	var out strings.Builder
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, has := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err != nil || err2 != nil || strings.Contains(pair, ";") {
			return "", fail(Request, "malformed query")
		}
		if slices.ContainsFunc(smuggled, func(s string) bool { return strings.EqualFold(s, name) }) {
			return "", fail(Request, "parameter that is the broker's: "+printable(name, 50))
		}
		if out.Len() > 0 {
			out.WriteByte('&')
		}
		out.WriteString(url.QueryEscape(name))
		if has {
			out.WriteByte('=')
			out.WriteString(url.QueryEscape(value))
		}
	}
	return out.String(), nil
}

// Judge decides by status. A redirect is no answer: following it would carry the
// client, or the token, elsewhere.
func (OAuth) Judge(_ *Provider, res *http.Response) error {
	a := &answer{status: res.StatusCode, header: res.Header}
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return fail(Unauthorized, "call: status 401")
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500, res.StatusCode < 200,
		res.StatusCode >= 300 && res.StatusCode < 400 && res.StatusCode != http.StatusNotModified:
		return a.failure("call")
	}
	return nil
}

// peek returns the body when it is no longer than limit, which stays to be read;
// otherwise whole is false, and body is its beginning.
func peek(res *http.Response, limit int64) (body []byte, whole bool, err error) {
	body, err = io.ReadAll(io.LimitReader(res.Body, limit+1))
	replaceBody(res, io.MultiReader(bytes.NewReader(body), res.Body))
	return body, int64(len(body)) <= limit, err
}

// replaceBody makes r what is read of res.
func replaceBody(res *http.Response, r io.Reader) {
	res.Body = struct {
		io.Reader
		io.Closer
	}{r, res.Body}
}
