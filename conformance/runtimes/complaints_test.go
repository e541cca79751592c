//go:build runtimes

package runtimes

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The other tests rely on it that the browser's log is read.
func TestChromiumReportsPolicyViolations(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = io.WriteString(w, "<title>x</title><style>h1{color:red}</style><h1>x</h1>")
	}))
	t.Cleanup(page.Close)
	b := startChromium(t, true)
	b.tab().open(page.URL)
	until(t, "a complaint about the style sheet",
		func() bool { return strings.Contains(strings.Join(b.complaints(""), "\n"), "Content Security Policy") },
		func() string { return "the log has " + strings.Join(b.complaints(""), "\n") })
}
