// Package returnpath decides where a browser goes after a login or logout. A
// target that was handed in by a request is reduced to a path on the same origin;
// whatever is doubtful becomes "/", so that no spelling leads elsewhere (RFC 9700
// section 4.11).
package returnpath

import (
	"net/url"
	"strings"

	"gatehouse/core/proxy"
)

// maxLength bounds a target, before and after it is made canonical.
const maxLength = 512

// Parse returns target as a canonical path with its query, written anew from its
// parts. The result begins with exactly one "/", has neither fragment nor
// backslash, whitespace, control character nor byte outside ASCII, and Parse
// returns it unchanged.
//
// The result is "/" for anything else than an absolute path that the proxy would
// forward: other origins, empty and dot segments, escapes that are invalid or stand
// for a control character or a backslash (in the path also when they are themselves
// escaped), fragments, more than 512 bytes, and paths of which own says that they are
// routes of the gateway to which a login must not return. nil means there are none.
func Parse(target string, own func(path string) bool) string {
	if len(target) > maxLength || !harmless(target) {
		return "/"
	}
	raw, query, hasQuery := strings.Cut(target, "?")
	if !plainSegments(raw) || hidesControl(raw) {
		return "/"
	}
	path, err := proxy.CanonicalPath(raw)
	if err != nil || own != nil && own(path) {
		return "/"
	}
	if hasQuery {
		path += "?" + query
	}
	if len(path) > maxLength {
		return "/"
	}
	return path
}

// harmless reports that s holds nothing but bytes that every reader of a URL takes
// for themselves, and valid escapes of text.
func harmless(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"'<>\\^`#", c) >= 0 {
			return false
		}
		if c != '%' {
			continue
		}
		if i+2 >= len(s) {
			return false
		}
		decoded, err := url.PathUnescape(s[i : i+3])
		if err != nil || decoded[0] < ' ' || decoded[0] == 0x7f || decoded[0] == '\\' {
			return false
		}
		i += 2
	}
	return true
}

// plainSegments reports an absolute path without empty and dot segments, which
// browsers and servers resolve differently.
func plainSegments(raw string) bool {
	path, err := url.PathUnescape(raw)
	if err != nil || path == "" || path[0] != '/' || strings.Contains(path, "//") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// hidesControl reports a path that has a control character for who decodes it more than
// once: browsers drop tabs and line breaks, and what stood on both sides meets.
func hidesControl(raw string) bool {
	path, _ := url.PathUnescape(raw)
	for strings.Contains(path, "%25") {
		path = strings.ReplaceAll(path, "%25", "%")
	}
	for {
		_, rest, found := strings.Cut(path, "%")
		if !found {
			return false
		}
		if len(rest) >= 2 && (rest[0] == '0' || rest[0] == '1' || rest[0] == '7' && rest[1]|0x20 == 'f') {
			return true
		}
		path = rest
	}
}
