package proxy

import (
	"net/http"
	"strings"
)

// EditAnswer removes from the application's answer, in place, what is not for the
// client: hop-by-hop headers (RFC 9110 section 7.6.1), cookies with the gateway's
// names, and headers that only the gateway may send. After a 101 it leaves
// Connection and Upgrade as that answer needs them. Trailers are the adapter's:
// the Trailer header is removed.
func (r *Rules) EditAnswer(status int, h http.Header) {
	upgrade := ""
	if status == http.StatusSwitchingProtocols {
		upgrade = h.Get("Upgrade")
	}
	removeListed(h, h["Connection"])
	var buf nameBuffer
	for name, values := range h {
		switch reduced, _ := reduce(name, &buf); {
		case isHopByHop(reduced), strings.HasPrefix(string(reduced), "xgatehouse"), string(reduced) == "xintrospectionerror":
			delete(h, name)
		case string(reduced) == "setcookie":
			if kept := r.foreignCookies(values); len(kept) == 0 {
				delete(h, name)
			} else {
				h[name] = kept
			}
		}
	}
	if upgrade != "" {
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", upgrade)
	}
}

// foreignCookies returns the Set-Cookie lines that do not concern the gateway.
func (r *Rules) foreignCookies(lines []string) []string {
	for i, line := range lines {
		if !setsOwnCookie(line, r.ownCookie) {
			continue
		}
		kept := append([]string(nil), lines[:i]...)
		for _, line := range lines[i+1:] {
			if !setsOwnCookie(line, r.ownCookie) {
				kept = append(kept, line)
			}
		}
		return kept
	}
	return lines
}
