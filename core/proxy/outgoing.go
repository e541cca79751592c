package proxy

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"gatehouse/core/identity"
)

// Additions are what the gateway tells the application about a request.
type Additions struct {
	// Identity is nil on public paths and for nobody.
	Identity *identity.Identity
	// IdentityHeaders is what [Rules.IdentityHeaders] returned for Identity, when
	// the caller kept it; nil computes it.
	IdentityHeaders http.Header
	AccessToken     string // for X-Forwarded-Access-Token; empty sends none
	Assertion       string // for X-Gatehouse-Assertion; empty sends none
	RequestID       string // from [RequestID]
	Peer            Peer   // from [Rules.Peer]
}

// Outgoing returns the request for the application, made from in, the canonical
// path that [Rules.Path] returned for it, and a. It has in's context, method, query
// and body, and a header of its own whose values may be shared with in: add to it
// and replace in it, but do not change values in place. in is not changed.
//
// The length of the body is ContentLength alone; neither Content-Length nor Host is
// in the header, and Host is empty, which means the URL's. An absent User-Agent
// stays absent: an adapter whose client would add one must prevent that. Request
// trailers are not forwarded (RFC 9110 section 6.5.1).
//
// Errors: [ErrMethod] for CONNECT, TRACE, TRACK and what is no method, [ErrPath]
// for a query that may not stand in a request line, [ErrIdentityTooLarge].
func (r *Rules) Outgoing(in *http.Request, path string, a Additions) (*http.Request, error) {
	if err := checkMethod(in.Method); err != nil {
		return nil, err
	}
	target, err := r.target(in.URL, path)
	if err != nil {
		return nil, err
	}
	if a.IdentityHeaders == nil {
		if a.IdentityHeaders, err = r.IdentityHeaders(a.Identity); err != nil {
			return nil, err
		}
	}
	header := r.requestHeader(in, len(a.IdentityHeaders)+6)
	add(header, a)
	if IsUpgrade(in) {
		header["Connection"] = []string{"Upgrade"}
		header["Upgrade"] = []string{"websocket"}
	}
	out := (&http.Request{
		Method: in.Method, URL: target, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: in.Body, GetBody: in.GetBody, ContentLength: in.ContentLength,
	}).WithContext(in.Context())
	if in.Body == nil || in.ContentLength == 0 {
		out.Body, out.GetBody, out.ContentLength = http.NoBody, nil, 0
	}
	return out, nil
}

func checkMethod(method string) error {
	var buf nameBuffer
	if _, ok := reduce(method, &buf); !ok && method != "" {
		return ErrMethod
	}
	for _, refused := range []string{http.MethodConnect, http.MethodTrace, "TRACK"} {
		if strings.EqualFold(method, refused) {
			return ErrMethod
		}
	}
	return nil
}

// target returns the application's URL for path and in's query.
func (r *Rules) target(in *url.URL, path string) (*url.URL, error) {
	for i := 0; i < len(in.RawQuery); i++ {
		// A space would end the target within a request line (RFC 9112 section 3),
		// "#" the query.
		if c := in.RawQuery[i]; c <= ' ' || c == 0x7f || c == '#' {
			return nil, pathError("character that may not stand in a query")
		}
	}
	if path == "" || path[0] != '/' {
		return nil, pathError("not canonical")
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return nil, pathError("not canonical")
	}
	u := &url.URL{
		Scheme: r.scheme, Host: r.host, Path: r.prefix + plain,
		RawQuery: in.RawQuery, ForceQuery: in.ForceQuery,
	}
	escaped := u.Path
	if plain != path || r.prefix != r.escapedPrefix {
		escaped = r.escapedPrefix + path
	}
	if u.EscapedPath() != escaped {
		u.RawPath = escaped
	}
	return u, nil
}

// requestHeader returns a copy of in's header without what a client may not send
// to the application, with room for more names.
func (r *Rules) requestHeader(in *http.Request, more int) http.Header {
	h := make(http.Header, len(in.Header)+more)
	var buf nameBuffer
	for name, values := range in.Header {
		reduced, ok := reduce(name, &buf)
		if !ok || isHopByHop(reduced) || r.strip.has(reduced) {
			continue
		}
		switch string(reduced) {
		case "contentlength", "host":
			continue
		case "authorization", "dpop":
			if !r.passAuthorization {
				continue
			}
		case "cookie":
			values = r.foreignCookieLines(values)
		}
		if len(values) > 0 {
			h[name] = values[:len(values):len(values)]
		}
	}
	removeListed(h, in.Header["Connection"])
	if lists(in.Header["Te"], "trailers") {
		h["Te"] = []string{"trailers"}
	}
	return h
}

// foreignCookieLines returns the Cookie lines without the gateway's own cookies.
func (r *Rules) foreignCookieLines(lines []string) []string {
	kept := make([]string, 0, len(lines))
	for _, line := range lines {
		if line = withoutOwnCookies(line, r.ownCookie); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

// add sets the gateway's headers, each with exactly one value.
func add(h http.Header, a Additions) {
	for name, values := range a.IdentityHeaders {
		h[name] = values[:len(values):len(values)]
	}
	backing := make([]string, 0, 6)
	set := func(name, value string) {
		if value != "" {
			backing = append(backing, value)
			h[name] = backing[len(backing)-1 : len(backing) : len(backing)]
		}
	}
	set(headerAccessToken, a.AccessToken)
	set(headerAssertion, a.Assertion)
	set("X-Request-Id", a.RequestID)
	set("X-Forwarded-For", a.Peer.chain)
	if a.Peer.Origin != nil {
		set("X-Forwarded-Host", a.Peer.Origin.Host)
		set("X-Forwarded-Proto", a.Peer.Origin.Scheme)
	}
}

// RequestID returns the client's X-Request-Id if there is one, of 1 to 64 letters,
// digits, dots, dashes and underscores; else 128 random bits in hexadecimal.
func RequestID(in *http.Request) string {
	if values := in.Header["X-Request-Id"]; len(values) == 1 && isRequestID(values[0]) {
		return values[0]
	}
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

func isRequestID(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlphanumeric(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}
