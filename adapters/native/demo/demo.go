// Package demo is a small application to put behind the gateway: it shows what an
// application receives of a signed-in user and has one route of each kind that a proxy
// can break (page, JSON, server-sent events, WebSocket).
//
// It believes the identity headers of every request, so it MUST be reachable through
// the gateway only, and /api/echo returns all headers: it is for development.
package demo

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	headerUser              = "X-Forwarded-User"
	headerEmail             = "X-Forwarded-Email"
	headerPreferredUsername = "X-Forwarded-Preferred-Username"
	headerGroups            = "X-Forwarded-Groups"
	headerRequestID         = "X-Request-Id"
	prefixGatehouse         = "X-Gatehouse-"
)

// Options configures the application.
type Options struct {
	// LogoutPath is the gateway's logout route, "/logout" when empty.
	LogoutPath string
	// LogoutEverywhere: the gateway offers logout in all browsers.
	LogoutEverywhere bool
	// ProviderURL is where people end their session at a provider that tells the
	// gateway, and RecentPath a page that the gateway opens to recent logins only; no
	// link when empty.
	ProviderURL, RecentPath string
}

// New returns the application. It is safe for concurrent use and keeps no state.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	o.LogoutPath = cmp.Or(o.LogoutPath, "/logout")
	mux.Handle("/", page{o})
	mux.HandleFunc("/api/whoami", whoami)
	mux.HandleFunc("/api/echo", echo)
	mux.HandleFunc("/events", events)
	mux.HandleFunc("/ws", webSocket)
	return mux
}

// header is one identity header of a request.
type header struct{ Name, Value string }

// identityHeaders returns the four forwarded headers, the request id and every
// X-Gatehouse-* header as they came, sorted by name; a header that occurs twice is two
// entries.
func identityHeaders(h http.Header) []header {
	var list []header
	for name, values := range h {
		switch name {
		case headerUser, headerEmail, headerPreferredUsername, headerGroups, headerRequestID:
		default:
			if !strings.HasPrefix(name, prefixGatehouse) {
				continue
			}
		}
		for _, v := range values {
			list = append(list, header{name, v})
		}
	}
	slices.SortStableFunc(list, func(a, b header) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// displayName is the most readable name that the headers have, or "".
func displayName(h http.Header) string {
	return cmp.Or(value(h, prefixGatehouse+"Name"), value(h, headerPreferredUsername), value(h, headerEmail), value(h, headerUser))
}

// value returns an identity header's value as text. The gateway percent-encodes what
// is not printable ASCII; what does not decode is returned as it came.
func value(h http.Header, name string) string { return decode(h.Get(name)) }

func decode(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return text
	}
	return s
}
