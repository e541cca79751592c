//go:build runtimes

package runtimes

import (
	"net/http"
	"strings"
	"testing"
)

// browser is a freshly started browser without cookies.
type browser interface {
	// tab opens a tab. Tabs share cookies.
	tab() tab
}

// tab is one tab of a browser. Its methods fail the test when something that is
// looked for does not appear in time.
type tab interface {
	open(url string)
	location() string
	// text is the visible text of the first element that matches.
	text(css string) string
	fill(css, value string)
	click(css string)
	// cookies are those that the present page's address gets.
	cookies() []*http.Cookie
	screenshot() []byte
}

// awaitPage waits until the tab shows an address that begins with prefix.
func awaitPage(t *testing.T, tab tab, prefix string) {
	t.Helper()
	until(t, "the page "+prefix,
		func() bool { return strings.HasPrefix(tab.location(), prefix) },
		func() string { return "the browser is at " + tab.location() + " and shows: " + tab.text("body") })
}

// awaitText waits until an element shows text.
func awaitText(t *testing.T, tab tab, css, want string) {
	t.Helper()
	until(t, want+" in "+css,
		func() bool { return strings.Contains(tab.text(css), want) },
		func() string { return "the browser is at " + tab.location() + " and shows: " + tab.text("body") })
}

// keep writes what the tab shows to name.png.
func keep(t *testing.T, tab tab, name string) {
	t.Helper()
	write(t, name, tab.screenshot())
}

func write(t *testing.T, name string, png []byte) {
	t.Helper()
	f := outputFile(t, name+".png")
	defer f.Close()
	if _, err := f.Write(png); err != nil {
		t.Fatal(err)
	}
}
