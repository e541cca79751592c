// Package proxy decides what may be forwarded: which paths (RFC 3986 sections 2
// and 5.2.4), which request headers (RFC 9110 section 7.6.1 and a family of
// reserved names), what the application is told about the caller, and what of its
// answer reaches the client. It does no I/O.
//
// It guarantees that a path is normalised once, that rules are matched against the
// same text that is forwarded, and that no request carries an identity, an address
// or a gateway cookie that the gateway did not put there itself.
//
// Callers must use [Rules.Path] before every decision about a path, and must hand
// in requests as net/http does: header names in canonical form, names and values
// free of line breaks, ContentLength -1 when a body's length is unknown.
package proxy

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Errors of this package. Test with errors.Is; the text names the reason and holds
// nothing of the request.
var (
	// ErrPath: the request target is malformed or could mean different things to
	// the gateway and the application. Answer 400.
	ErrPath = errors.New("proxy: request target refused")
	// ErrMethod: the method is not forwarded. Answer 405.
	ErrMethod = errors.New("proxy: method refused")
	// ErrIdentityTooLarge: the identity does not fit into the header budget and
	// is never cut. Answer 403.
	ErrIdentityTooLarge = errors.New("proxy: identity headers too large")
)

// Options configure [New].
type Options struct {
	// Upstream is the application: scheme, host and optionally a path that is put
	// in front of every forwarded one.
	Upstream *url.URL
	// OwnCookie reports whether a cookie is the gateway's own; those never pass in
	// either direction. nil: none is.
	OwnCookie func(name string) bool
	// TrustedProxies are the peers whose forwarding headers are believed.
	TrustedProxies []netip.Prefix
	// Origins are the public origins; the first is the default.
	Origins []*url.URL
	// PublicPaths and EncodedSlashPaths are patterns: /robots.txt exactly, a last
	// segment * for everything below, a * elsewhere for one segment. They are
	// compared byte by byte with canonical paths.
	PublicPaths, EncodedSlashPaths []string
	// Names of the headers that carry the identity; an empty name sends none.
	HeaderUser, HeaderEmail, HeaderPreferredUsername, HeaderGroups string
	// StripHeaders are removed from requests besides the reserved family.
	StripHeaders []string
	// PassAuthorization forwards the client's own Authorization header.
	PassAuthorization bool
}

// Rules are compiled Options. They are immutable and safe for concurrent use.
type Rules struct {
	scheme, host  string // of the application
	prefix        string // decoded path prefix without trailing slash
	escapedPrefix string

	ownCookie         func(string) bool
	trusted           []netip.Prefix
	origins           []*url.URL
	public            *patterns
	slashes           *patterns
	strip             *nameSet
	passAuthorization bool

	user, email, preferredUsername, groups string // canonical header names
}

// New compiles o, which must have been validated: Upstream is required, Origins
// has an entry, and patterns and names are well formed.
func New(o Options) *Rules {
	r := &Rules{
		scheme:            o.Upstream.Scheme,
		host:              o.Upstream.Host,
		prefix:            strings.TrimRight(o.Upstream.Path, "/"),
		escapedPrefix:     strings.TrimRight(o.Upstream.EscapedPath(), "/"),
		ownCookie:         o.OwnCookie,
		trusted:           unmapPrefixes(o.TrustedProxies),
		origins:           o.Origins,
		public:            newPatterns(o.PublicPaths),
		slashes:           newPatterns(o.EncodedSlashPaths),
		passAuthorization: o.PassAuthorization,
		user:              http.CanonicalHeaderKey(o.HeaderUser),
		email:             http.CanonicalHeaderKey(o.HeaderEmail),
		preferredUsername: http.CanonicalHeaderKey(o.HeaderPreferredUsername),
		groups:            http.CanonicalHeaderKey(o.HeaderGroups),
	}
	if r.ownCookie == nil {
		r.ownCookie = func(string) bool { return false }
	}
	r.strip = newNameSet(append([]string{r.user, r.email, r.preferredUsername, r.groups}, o.StripHeaders...))
	return r
}

// Public reports whether the canonical path needs no login.
func (r *Rules) Public(path string) bool { return r.public.match(path) }
