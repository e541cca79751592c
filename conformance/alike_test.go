package conformance

import (
	"net/http"
	"strings"
	"testing"
)

func TestAccountsDifferByWhatIsNotDrawn(t *testing.T) {
	answer := func(id, kind, body string) string {
		return account(&outcome{status: 200, header: http.Header{
			"X-Request-Id": {id}, "Content-Type": {kind}, "Date": {id},
		}, body: body})
	}
	first := answer("11111111111111111111111111111111", "text/plain", "hello")
	a := &alike{first: map[string]accounted{}}
	for _, c := range []struct{ name, text, want string }{
		{"the first", first, ""},
		{"another id", answer("22222222222222222222222222222222", "text/plain", "hello"), ""},
		{"another type", answer("33333333333333333333333333333333", "text/html", "hello"), "+ Content-Type: text/html"},
		{"another body", answer("44444444444444444444444444444444", "text/plain", "hi"), "+ hi"},
	} {
		err := a.compare("other", "case", c.text)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
