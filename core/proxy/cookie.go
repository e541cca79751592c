package proxy

import (
	"bytes"
	"strings"
)

// withoutOwnCookies returns a Cookie header's value without the gateway's own
// cookies; what remains is byte for byte as it was and in its order. It returns
// line itself when there is nothing to remove, and "" when nothing remains.
func withoutOwnCookies(line string, own func(string) bool) string {
	kept, cut := []byte(nil), false
	for start := 0; start <= len(line); {
		end := strings.IndexByte(line[start:], ';')
		if end < 0 {
			end = len(line)
		} else {
			end += start
		}
		pair := line[start:end]
		switch {
		case own(cookieName(pair)):
			if !cut {
				cut = true
				kept = append(make([]byte, 0, len(line)), strings.TrimSuffix(line[:start], ";")...)
			}
		case cut:
			if len(kept) == 0 {
				pair = strings.TrimLeft(pair, " \t")
			} else {
				kept = append(kept, ';')
			}
			kept = append(kept, pair...)
		}
		start = end + 1
	}
	if !cut {
		return line
	}
	if len(bytes.Trim(kept, "; \t")) == 0 {
		return ""
	}
	return string(kept)
}

// cookieName returns the name in "name=value" as the most lenient reader sees it:
// without blanks around it, the whole pair where there is no value, and what
// follows the "=" of a nameless cookie, which browsers send without that "=".
func cookieName(pair string) string {
	pair = strings.TrimLeft(pair, "= \t")
	if i := strings.IndexByte(pair, '='); i >= 0 {
		pair = pair[:i]
	}
	return strings.TrimRight(pair, " \t")
}

// setsOwnCookie reports whether a Set-Cookie line concerns a cookie of the gateway.
func setsOwnCookie(line string, own func(string) bool) bool {
	pair, _, _ := strings.Cut(line, ";")
	return own(cookieName(pair))
}
