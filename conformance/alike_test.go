package conformance

import (
	"net/http"
	"strings"
	"testing"
)

func TestAccountsDifferByWhatIsNotDrawn(t *testing.T) {
	answer := func(id, issuer string, header ...string) string {
		h := http.Header{"X-Request-Id": {id}, "Date": {id}, "Location": {issuer + "/authorize"}}
		for i := 0; i < len(header); i += 2 {
			h.Add(header[i], header[i+1])
		}
		return account(&outcome{status: 200, header: h, body: "hello"}, named(issuer, "http://127.0.0.1:80"))
	}
	const id, other = "11111111111111111111111111111111", "22222222222222222222222222222222"
	const issuer, elsewhere = "https://issuer.example", "http://127.0.0.1:4711"
	const cookie, retry = "Set-Cookie", "Retry-After"
	for _, c := range []struct {
		name         string
		ours, theirs string
		real         bool // a clock that runs
		want         string
	}{
		{"another id", answer(id, issuer), answer(other, issuer), false, ""},
		{"another place of the provider", answer(id, issuer), answer(id, elsewhere), false, ""},
		{"another header", answer(id, issuer, "Vary", "a"), answer(id, issuer, "Vary", "b"), false, "+ Vary: b"},
		{"a header more", answer(id, issuer), answer(id, issuer, "Vary", "b"), true, "+ Vary: b"},
		{"another body", answer(id, issuer), strings.Replace(answer(id, issuer), "hello", "hi", 1), true, "+ hi"},
		{"another status", answer(id, issuer), strings.Replace(answer(id, issuer), "200", "201", 1), true, "+ 201"},
		{"a clock that stands", answer(id, issuer, cookie, "a=b; Max-Age=600"), answer(id, issuer, cookie, "a=b; Max-Age=599"), false, "+ Set-Cookie: a=b; Max-Age=599"},
		{"a clock that runs", answer(id, issuer, cookie, "a=b; Max-Age=600", retry, "5"), answer(id, issuer, cookie, "a=b; Max-Age=598", retry, "4"), true, ""},
		{"too much later", answer(id, issuer, cookie, "a=b; Max-Age=600"), answer(id, issuer, cookie, "a=b; Max-Age=300"), true, "+ Set-Cookie: a=b; Max-Age=300"},
		{"a cookie removed", answer(id, issuer, cookie, "a=; Max-Age=1"), answer(id, issuer, cookie, "a=; Max-Age=0"), true, "+ Set-Cookie: a=; Max-Age=0"},
		{"another cookie's shape", answer(id, issuer, cookie, "a=b; Max-Age=600"), answer(id, issuer, cookie, "a=b; Secure; Max-Age=599"), true, "+ Set-Cookie: a=b; Secure"},
	} {
		a := &alike{first: map[string]accounted{}}
		if err := a.compare("case", accounted{"one", c.ours, false, false}); err != nil {
			t.Errorf("%s: the first differs: %v", c.name, err)
		}
		err := a.compare("case", accounted{"other", c.theirs, c.real, false})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := a.compare("another case", accounted{"other", c.theirs, c.real, false}); err != nil {
			t.Errorf("%s: compared with another case: %v", c.name, err)
		}
	}
}
