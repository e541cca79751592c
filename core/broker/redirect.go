package broker

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Redirect URIs of programs on the person's machine (RFC 8252, section 7.3): any port,
// one path, and addresses instead of the name localhost, which may be somebody else's.
var loopbacks = []string{"http://127.0.0.1:", "http://[::1]:"}

const loopbackPath = "/callback"

// checkRedirect reports whether a login of flow may end at uri.
func (b *Broker) checkRedirect(flow, uri string) bool {
	if flow == flowBrowser {
		return slices.Contains(b.Redirects, uri)
	}
	for _, prefix := range loopbacks {
		if rest, ok := strings.CutPrefix(uri, prefix); ok {
			port, ok := strings.CutSuffix(rest, loopbackPath)
			n, err := strconv.ParseUint(port, 10, 16)
			return ok && err == nil && n > 0 && strconv.FormatUint(n, 10) == port
		}
	}
	return false
}

// withQuery adds parameters to a redirect URI, which may have some (RFC 6749, section
// 4.1.2), name and value in turns; empty values are left out.
func withQuery(uri string, parameters ...string) string {
	var b strings.Builder
	b.WriteString(uri)
	separator := byte('?')
	if strings.Contains(uri, "?") {
		separator = '&'
	}
	for i := 0; i+1 < len(parameters); i += 2 {
		if parameters[i+1] == "" {
			continue
		}
		b.WriteByte(separator)
		b.WriteString(parameters[i] + "=" + url.QueryEscape(parameters[i+1]))
		separator = '&'
	}
	return b.String()
}
