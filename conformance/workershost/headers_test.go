package workershost

import "testing"

// What these expect was observed on workerd 1.20261117.1.
func TestHeadersAreTheRuntimes(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`new Headers([["X-A", "1"], ["x-a", "2, 3"]]).get("x-A")`:                                                 "1, 2, 3",
		`new Headers([["set-cookie", "a=1, b"], ["Set-Cookie", "c"]]).getSetCookie()[0]`:                          "a=1, b",
		`JSON.stringify([...new Headers([["set-cookie", "b"], ["a", " 1\t"], ["set-cookie", "c"], ["a", "2"]])])`: `[["a","1, 2"],["set-cookie","b"],["set-cookie","c"]]`,
		`new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).get("set-cookie")`:                               "a, b",
		`new Headers([["a b", "c"]])`:                     "TypeError: Invalid header name.",
		`new Headers([["a", "c\nd"]])`:                    "TypeError: Invalid header value.",
		`new Headers([["a", "c\0d"]])`:                    "TypeError: Invalid header value.",
		`new Headers({ a: "caf\u00e9 \u0100" }).get("a")`: "café Ā",
		`new Headers().get("a")`:                          "null",
		`(() => { const h = new Headers({ a: "1", b: "2" }); h.set("a", "3"); h.append("a", "4"); h.delete("b"); return JSON.stringify([...h]); })()`: `[["a","3, 4"]]`,
		`request.headers.set("a", "b")`:    "TypeError: Can't modify immutable headers.",
		`request.headers.append("a", "b")`: "TypeError: Can't modify immutable headers.",
		`request.headers.delete("a")`:      "TypeError: Can't modify immutable headers.",
	} {
		if got := evaluate(t, expression); got != want {
			t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
}

func TestRequestHeaderIsJoinedAndNamesThePeer(t *testing.T) {
	t.Parallel()
	s := isolate(t, `export default { fetch: (r) => new Response(JSON.stringify([...r.headers])) };`, Env{})
	_, got := do(t, s, incoming("GET", "/", "", "X-A", "1", "x-a", "2", "Cookie", "a=1", "Cookie", "b=2",
		"CF-Connecting-IP", "192.0.2.1", "X-Broken", "caf\xe9"))
	want := `[["cf-connecting-ip","203.0.113.7"],["cookie","a=1, b=2"],["host","app.example"],["x-a","1, 2"],["x-broken","caf` + "\uFFFD" + `"]]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
