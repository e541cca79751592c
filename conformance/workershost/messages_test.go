package workershost

import (
	"net/http"
	"testing"
)

// What these expect was observed on workerd 1.20261117.1.
func TestMessagesAreTheRuntimes(t *testing.T) {
	t.Parallel()
	const status = "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive."
	const null = "TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body."
	for expression, want := range map[string]string{
		`new Response(null, { status: 101 })`:                    status,
		`new Response(null, { status: 199 })`:                    status,
		`new Response(null, { status: 600 })`:                    status,
		`new Response("x", { status: 204 })`:                     null,
		`new Response("x", { status: 304 })`:                     null,
		`new Response("", { status: 204 }).status`:               "204",
		`new Response(null).body`:                                "null",
		`new Response("x").headers.get("content-type")`:          "text/plain;charset=UTF-8",
		`new Request("http://a/", { method: "GET", body: "x" })`: "TypeError: Request with a GET or HEAD method cannot have a body.",
		`new Request("http://a/", { method: "foo" })`:            "TypeError: Invalid HTTP method string: foo",
		`new Request("http://a/", { method: "CONNECT" })`:        "TypeError: Invalid HTTP method string: CONNECT",
		`new Request("http://a/", { method: "patch" }).method`:   "PATCH",
		`fetch("nope")`:    "TypeError: Invalid URL: nope",
		`request.redirect`: "manual",
		`request.body`:     "null",
		`(async () => { const r = new Response("x"); await r.text(); return r.text(); })()`:                 "TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice.",
		`(async () => { const r = new Response("x"); r.body.getReader(); return new Response(r.body); })()`: "TypeError: This ReadableStream is disturbed (has already been read from), and cannot be used as a body.",
		`performance.timeOrigin`:             "0",
		`performance.now() === Date.now()`:   "true",
		`new Date(Date.now()).toISOString()`: "2030-05-06T07:08:09.000Z",
	} {
		if got := evaluate(t, expression); got != want {
			t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
}

func TestTargetsReachTheWorkerAsTheyAre(t *testing.T) {
	t.Parallel()
	s := isolate(t, `export default { fetch: (r) => new Response(r.url) };`, Env{})
	for target, want := range map[string]string{
		"/a/../b":             "/a/../b",
		"/a/%2e%2e/b":         "/a/%2e%2e/b",
		`/a\b`:                `/a\b`,
		"//x//y":              "//x//y",
		"/%zz?q=%":            "/%zz?q=%",
		"/a?x#f":              "/a?x",
		"*":                   "*",
		"http://other/abs?q":  "/abs?q",
		"nope":                "/",
		"/a%00b;c/..;/'!$&()": "/a%00b;c/..;/'!$&()",
	} {
		if _, got := get(t, s, target); got != "https://app.example"+want {
			t.Errorf("%s is %s, want %s", target, got, want)
		}
	}
	for _, target := range []string{"/\x01", "/a\tb", "/<", "/`", `/?"`, "?x", ""} {
		if status, _ := get(t, s, target); status != http.StatusBadRequest {
			t.Errorf("%q is answered %d", target, status)
		}
	}
	for method, want := range map[string]int{"FOO": 501, "get": 501, "CONNECT": 500, "PURGE": 200} {
		if got, _ := do(t, s, incoming(method, "/", "")); got != want {
			t.Errorf("%s is answered %d, want %d", method, got, want)
		}
	}
}

func TestAnswersLoseWhatBelongsToTheConnection(t *testing.T) {
	t.Parallel()
	s := isolate(t, `export default { fetch(r) {
		const headers = [["connection", "close"], ["upgrade", "x"], ["te", "x"], ["transfer-encoding", "chunked"],
			["content-length", "7"], ["set-cookie", "a=1, b"], ["set-cookie", "b=2"], ["x-a", "1"], ["x-a", "2"]];
		if (r.url.endsWith("/null")) return new Response(null, { status: 304, headers });
		return new Response("hello", { headers });
	} };`, Env{})
	res, err := s.RoundTrip(incoming("GET", "/", ""))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"Connection": 0, "Upgrade": 0, "Te": 0, "Transfer-Encoding": 0, "Set-Cookie": 2, "X-A": 2} {
		if got := len(res.Header[name]); got != want {
			t.Errorf("%d fields %s, want %d", got, name, want)
		}
	}
	if got := res.Header.Get("Content-Length"); got != "5" {
		t.Errorf("Content-Length is %s: what the Worker says of it counts only for HEAD", got)
	}
	res.Body.Close()
	if res, err = s.RoundTrip(incoming("HEAD", "/", "")); err != nil || res.Header.Get("Content-Length") != "7" {
		t.Errorf("HEAD: %v, %v", res, err)
	}
	if res, err = s.RoundTrip(incoming("GET", "/null", "")); err != nil || res.StatusCode != 304 || res.Header.Get("Content-Length") != "" {
		t.Errorf("304: %v, %v", res, err)
	}
}
