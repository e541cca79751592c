package exchange

import (
	"net/http"
	"strings"
)

// Navigation reports whether a person's browser opens r as a page, so that a login
// may follow: a GET that Fetch Metadata calls a navigation or, from browsers
// without it, one that accepts HTML. Everything else is a program, which is told
// 401 instead.
func Navigation(r *http.Request) bool {
	h := r.Header
	if r.Method != http.MethodGet || h.Get("Authorization") != "" || h.Get("X-Requested-With") != "" || h.Get("Upgrade") != "" {
		return false
	}
	if h.Get("Sec-Purpose") != "" || h.Get("Purpose") == "prefetch" {
		return false
	}
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return Accepts(h["Accept"], "text/html")
}

// Embedded reports whether Fetch Metadata says that r is no page of its own but part
// of another. Our pages refuse to be framed, so that no login works in a frame.
func Embedded(r *http.Request) bool {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	return mode != "" && mode != "navigate" || dest != "" && dest != "document"
}

// Accepts reports whether one of the Accept lines names the media type itself with
// a weight above zero.
func Accepts(lines []string, mediaType string) bool {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(item, ";")
			if strings.EqualFold(strings.TrimSpace(name), mediaType) {
				return !weightless(parameters)
			}
		}
	}
	return false
}

// weightless reports a weight of zero (RFC 9110, section 12.4.2).
func weightless(parameters string) bool {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "q") {
			return strings.Trim(value, "0.") == ""
		}
	}
	return false
}

// SameOrigin reports whether a state-changing request was made by a page of the
// origin that it is for. Without Fetch Metadata the Origin header decides; without
// either the answer is no.
func SameOrigin(r *http.Request, origins []string) bool {
	switch site := r.Header.Values("Sec-Fetch-Site"); {
	case len(site) > 1:
		return false
	case len(site) == 1:
		return site[0] == "same-origin"
	}
	origin := r.Header.Values("Origin")
	if len(origin) != 1 {
		return false
	}
	for _, o := range origins {
		if origin[0] == o {
			return true
		}
	}
	return false
}
