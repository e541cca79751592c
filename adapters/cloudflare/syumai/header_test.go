package syumai

import (
	"net/http"
	"slices"
	"testing"
)

func TestJoinUndoesTheSplitting(t *testing.T) {
	got := join(http.Header{
		"Accept":     {"text/html", " */*;q=0.8"},
		"User-Agent": {"Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML", " like Gecko)"},
		"Set-Cookie": {"a=1; Expires=Fri", " 01 Jan 2100 00:00:00 GMT; Path=/x", "b=2", "3; Path=/", "c=4"},
		"X-Empty":    {""},
	})
	for name, want := range map[string][]string{
		"Accept":     {"text/html, */*;q=0.8"},
		"User-Agent": {"Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko)"},
		"Set-Cookie": {"a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT; Path=/x", "b=2,3; Path=/", "c=4"},
		"X-Empty":    {""},
	} {
		if !slices.Equal(got[name], want) {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}
