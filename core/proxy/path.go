package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxPath bounds a path, before and after normalisation.
const maxPath = 8 << 10

func pathError(reason string) error { return fmt.Errorf("%w: %s", ErrPath, reason) }

// Path returns the canonical escaped path of req, the only form in which a path is
// matched and forwarded. Every error is an [ErrPath].
//
// Escapes of unreserved characters are decoded, other escapes written in upper
// case, bytes that may not stand in a path escaped, repeated slashes collapsed and
// dot segments resolved; the result is a fixed point of this function. Refused is
// what servers are known to read in different ways: encoded slashes and
// backslashes (unless EncodedSlashPaths lists the path), control characters, text
// that is not UTF-8, dot segments with parameters, and doubly encoded dots,
// slashes and NULs.
func (r *Rules) Path(req *http.Request) (string, error) {
	u := req.URL
	if u == nil || u.Opaque != "" || u.User != nil {
		return "", pathError("not a path")
	}
	if u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return "", pathError("not an http target")
	}
	// EscapedPath would rewrite a RawPath with unusual bytes and decode its
	// encoded slashes on the way.
	raw := u.RawPath
	if raw == "" {
		raw = u.EscapedPath()
	} else if plain, err := url.PathUnescape(raw); err != nil || plain != u.Path {
		return "", pathError("two different paths")
	}
	if raw == "" && u.Host != "" && req.Method != http.MethodConnect {
		raw = "/" // RFC 9110 section 4.2.3
	}
	return canonical(raw, r.slashes)
}

// CanonicalPath is [Rules.Path] for the escaped path of a URL, with no exemption
// for encoded slashes.
func CanonicalPath(escaped string) (string, error) { return canonical(escaped, nil) }

func canonical(raw string, slashes *patterns) (string, error) {
	switch {
	case len(raw) > maxPath:
		return "", pathError("too long")
	case raw == "" || raw[0] != '/':
		return "", pathError("does not begin with a slash")
	case isPlain(raw):
		return raw, nil
	}
	path, found, err := normalEscapes(raw)
	if err != nil {
		return "", err
	}
	switch {
	case len(path) > maxPath:
		return "", pathError("too long")
	case found.nonASCII && !isText(path):
		return "", pathError("not text in UTF-8")
	case found.percent && doublyEncoded(path):
		return "", pathError("doubly encoded")
	}
	path, err = resolve(path, found.slash)
	if err != nil {
		return "", err
	}
	if found.slash && !slashes.match(string(path)) {
		return "", pathError("encoded slash or backslash")
	}
	return string(path), nil
}

// isPlain reports that raw is canonical already, without looking at anything that
// needs more than its bytes and their left neighbours.
func isPlain(raw string) bool {
	previous := byte(0)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if class(c) == classEscape || previous == '/' && (c == '/' || c == '.') {
			return false
		}
		previous = c
	}
	return true
}

// finding says what normalEscapes saw that needs a closer look.
type finding struct{ slash, nonASCII, percent bool }

func normalEscapes(raw string) (path []byte, found finding, err error) {
	path = make([]byte, 0, len(raw)+32)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '%' {
			switch {
			case isControl(c) || c == '\\' || c == '#' || c == '?':
				return nil, found, pathError("character that may not stand in a path")
			case class(c) != classEscape:
				path = append(path, c)
			default:
				found.nonASCII = found.nonASCII || c >= utf8.RuneSelf
				path = appendEscape(path, c)
			}
			continue
		}
		c, ok := unescape(raw[i:])
		if !ok {
			return nil, found, pathError("invalid escape")
		}
		i += 2
		switch {
		case isControl(c):
			return nil, found, pathError("encoded control character")
		case class(c) == classUnreserved:
			path = append(path, c)
			continue
		case c == '/' || c == '\\':
			found.slash = true
		case c == '%':
			found.percent = true
		case c >= utf8.RuneSelf:
			found.nonASCII = true
		}
		path = appendEscape(path, c)
	}
	return path, found, nil
}

// isText reports that the escapes in path spell UTF-8 without C1 control characters.
func isText(path []byte) bool {
	text := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			c, _ = unescape(path[i:])
			i += 2
		}
		text = append(text, c)
	}
	for len(text) > 0 {
		char, size := utf8.DecodeRune(text)
		if char == utf8.RuneError && size == 1 || char >= 0x80 && char < 0xa0 {
			return false
		}
		text = text[size:]
	}
	return true
}

// doublyEncoded reports an escape that unescapes, however often, to a dot, a
// slash, a backslash or NUL.
func doublyEncoded(path []byte) bool {
	rest := string(path)
	for {
		i := strings.Index(rest, "%25")
		if i < 0 {
			return false
		}
		rest = rest[i+len("%25"):]
		inner := rest
		for strings.HasPrefix(inner, "25") {
			inner = inner[2:]
		}
		switch strings.ToLower(inner[:min(2, len(inner))]) {
		case "2e", "2f", "5c", "00":
			return true
		}
	}
}

// resolve removes empty and dot segments in place (RFC 3986 section 5.2.4) and
// refuses segments that only some servers take for dot segments. split says that
// an encoded slash or backslash occurs and may be taken for a separator too.
func resolve(path []byte, split bool) ([]byte, error) {
	out := path[:0]
	for i := 1; i <= len(path); {
		end := i
		for end < len(path) && path[end] != '/' {
			end++
		}
		segment := path[i:end]
		if dotWithParameters(segment) || split && hidesDots(string(segment)) {
			return nil, pathError("dot segment in disguise")
		}
		switch string(segment) {
		case "", ".":
		case "..":
			for len(out) > 0 {
				out = out[:len(out)-1]
				if path[len(out)] == '/' {
					break
				}
			}
		default:
			out = append(append(out, '/'), segment...)
			i = end + 1
			continue
		}
		if end == len(path) {
			out = append(out, '/')
		}
		i = end + 1
	}
	return out, nil
}

// dotWithParameters reports dots followed by a semicolon, however encoded: servers
// that cut parameters off make a dot segment of it.
func dotWithParameters[T []byte | string](segment T) bool {
	i := 0
	for i < len(segment) && segment[i] == '.' {
		i++
	}
	if i == 0 || i == len(segment) {
		return false
	}
	if segment[i] == ';' {
		return true
	}
	if segment[i] != '%' {
		return false
	}
	for i++; i+1 < len(segment); i += 2 {
		switch {
		case segment[i] == '3' && segment[i+1]|0x20 == 'b':
			return true
		case segment[i] != '2' || segment[i+1] != '5':
			return false
		}
	}
	return false
}

// hidesDots reports a dot segment between encoded slashes or backslashes.
func hidesDots(segment string) bool {
	parts := strings.Split(strings.ReplaceAll(segment, "%5C", "%2F"), "%2F")
	for _, part := range parts {
		if len(parts) > 1 && (part == "." || part == ".." || dotWithParameters(part)) {
			return true
		}
	}
	return false
}
