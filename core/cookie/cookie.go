// Package cookie names, reads and writes the gateway's cookies (RFC 6265bis): host
// only, HttpOnly, SameSite=Lax, Path=/, and with the prefix __Host- wherever the
// gateway is reached over https.
package cookie

import (
	"strconv"
	"strings"
	"time"
)

// Names are the gateway's cookies in one deployment.
type Names struct {
	Session  string
	Handover string
	// LoginPrefix precedes the tag of a login transaction.
	LoginPrefix string
	// BrokerPrefix precedes the tag of a broker's login.
	BrokerPrefix string
	secure       bool
}

// NewNames derives the names from the configured stem. In development cookies
// carry neither the prefix nor Secure, which browsers refuse over plain http.
func NewNames(stem string, dev bool) Names {
	if dev {
		stem += "-dev"
	} else {
		stem = "__Host-" + stem
	}
	return Names{Session: stem, Handover: stem + "-handover", LoginPrefix: stem + "-login-", BrokerPrefix: stem + "-broker-", secure: !dev}
}

// Own reports whether name is one of the gateway's cookies.
func (n Names) Own(name string) bool {
	return name == n.Session || name == n.Handover || strings.HasPrefix(name, n.LoginPrefix) || strings.HasPrefix(name, n.BrokerPrefix)
}

// Set is the Set-Cookie value that stores value. maxAge zero means until the
// browser closes; it is rounded up to seconds, because Max-Age=0 would remove it.
func (n Names) Set(name, value string, maxAge time.Duration) string {
	s := name + "=" + value + "; Path=/"
	if maxAge > 0 {
		s += "; Max-Age=" + strconv.FormatInt(int64((maxAge+time.Second-1)/time.Second), 10)
	}
	return s + n.attributes()
}

// Clear is the Set-Cookie value that removes the cookie.
func (n Names) Clear(name string) string {
	return name + "=; Path=/; Max-Age=0" + n.attributes()
}

func (n Names) attributes() string {
	if n.secure {
		return "; HttpOnly; Secure; SameSite=Lax"
	}
	return "; HttpOnly; SameSite=Lax"
}

// Find returns the value of the cookie called name in the given Cookie header
// lines, and how often a cookie of that name occurs: more than once means that
// somebody planted one, and neither can be believed.
func Find(lines []string, name string) (value string, count int) {
	Each(lines, func(n, v string) {
		if n == name {
			if count++; count == 1 {
				value = v
			}
		}
	})
	return value, count
}

// Each calls f with every name and value in the given Cookie header lines.
func Each(lines []string, f func(name, value string)) {
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, ok := strings.Cut(pair, "=")
			if ok {
				f(strings.Trim(name, " \t"), strings.Trim(value, " \t"))
			}
		}
	}
}
