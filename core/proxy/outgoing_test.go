package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"reflect"
	"strings"
	"testing"

	"gatehouse/core/identity"
)

func TestOutgoingReplacesWhatTheClientClaims(t *testing.T) {
	r := testRules(t)
	in, _ := requestFor("/a%20b/c!?x=1&y=%2f..")
	in.RemoteAddr = "192.0.2.1:1"
	for _, name := range []string{"X-Forwarded-User", "X_forwarded_user", "X-Forwarded-For", "X-Forwarded-Host", "X-Gatehouse-Roles", "X-Request-Id", "X-Gatehouse-Assertion", "X-Forwarded-Access-Token"} {
		in.Header[name] = []string{"forged", "twice"}
	}
	in.Header["Connection"] = []string{"X-Forwarded-User, X-Forwarded-For, X-Request-Id, Cookie"}
	in.Header["Cookie"] = []string{"a=1"}
	path, err := r.Path(in)
	if err != nil {
		t.Fatal(err)
	}
	id := someone()
	out, err := r.Outgoing(in, path, Additions{Identity: id, AccessToken: "at", Assertion: "jwt", RequestID: "r-1", Peer: r.Peer(in)})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := r.IdentityHeaders(id)
	for name, value := range map[string]string{
		"X-Forwarded-Access-Token": "at", "X-Gatehouse-Assertion": "jwt", "X-Request-Id": "r-1",
		"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Proto": "https",
	} {
		want[name] = []string{value}
	}
	if !reflect.DeepEqual(out.Header, want) {
		t.Errorf("got  %v\nwant %v", out.Header, want)
	}
	if got := out.URL.String(); got != "http://app.internal:8081/base/a%20b/c!?x=1&y=%2f.." || out.Host != "" || out.RequestURI != "" {
		t.Errorf("forwarded to %q, Host %q", got, out.Host)
	}
}

func TestOutgoingWithoutIdentity(t *testing.T) {
	in, _ := requestFor("/?")
	in.Header["X-Forwarded-User"] = []string{"admin"}
	out, err := testRules(t).Outgoing(in, "/", Additions{})
	if err != nil || len(out.Header) != 0 || out.URL.String() != "http://app.internal:8081/base/?" {
		t.Errorf("= %v %v, %v", out.URL, out.Header, err)
	}
}

func TestOutgoingKeptIdentityHeaders(t *testing.T) {
	r := testRules(t)
	kept, _ := r.IdentityHeaders(&identity.Identity{Subject: "1"})
	in, _ := requestFor("/")
	out, err := r.Outgoing(in, "/", Additions{IdentityHeaders: kept})
	if err != nil || out.Header.Get("X-Forwarded-User") != "1" {
		t.Fatalf("= %v, %v", out, err)
	}
	out.Header.Add("X-Forwarded-User", "2")
	out.Header.Set("X-More", "3")
	if !reflect.DeepEqual(kept, http.Header{"X-Forwarded-User": {"1"}}) {
		t.Errorf("the kept header was changed: %v", kept)
	}
}

func TestOutgoingRefusals(t *testing.T) {
	tests := []struct {
		name, method, query, path string
		want                      error
	}{
		{"CONNECT", "CONNECT", "", "/", ErrMethod},
		{"TRACE", "TRACE", "", "/", ErrMethod},
		{"TRACE in lower case", "trace", "", "/", ErrMethod},
		{"TRACK", "TRACK", "", "/", ErrMethod},
		{"method with a space", "GET /x HTTP/1.1\r\n", "", "/", ErrMethod},
		{"unknown method", "PROPFIND", "", "/", nil},
		{"line break in the query", "GET", "a\r\nb", "/", ErrPath},
		{"NUL in the query", "GET", "a\x00", "/", ErrPath},
		{"space in the query", "GET", "a b", "/", ErrPath},
		{"hash in the query", "GET", "a#b", "/", ErrPath},
		{"odd but harmless query", "GET", "a=%zz&;b='\"é", "/", nil},
		{"path that is none", "GET", "", "x", ErrPath},
		{"path with an invalid escape", "GET", "", "/%zz", ErrPath},
	}
	r := testRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in, _ := requestFor("/")
			in.Method, in.URL.RawQuery = test.method, test.query
			out, err := r.Outgoing(in, test.path, Additions{})
			if !errors.Is(err, test.want) || (out == nil) != (test.want != nil) {
				t.Errorf("= %v, %v; want %v", out, err, test.want)
			}
			if err == nil && out.URL.RawQuery != test.query {
				t.Errorf("query %q became %q", test.query, out.URL.RawQuery)
			}
		})
	}
}

func TestOutgoingBody(t *testing.T) {
	body := io.NopCloser(strings.NewReader("x"))
	tests := []struct {
		name, method string
		body         io.ReadCloser
		length       int64
		wantBody     io.ReadCloser
		wantLength   int64
	}{
		{"GET without a body", "GET", nil, 0, http.NoBody, 0},
		{"GET of a server", "GET", http.NoBody, 0, http.NoBody, 0},
		{"empty POST", "POST", body, 0, http.NoBody, 0},
		{"known length", "POST", body, 1, body, 1},
		{"unknown length", "PUT", body, -1, body, -1},
		{"GET with a body", "GET", body, 1, body, 1},
	}
	r := testRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in, _ := requestFor("/")
			in.Method, in.Body, in.ContentLength = test.method, test.body, test.length
			out, err := r.Outgoing(in, "/", Additions{})
			if err != nil || out.Body != test.wantBody || out.ContentLength != test.wantLength {
				t.Errorf("= %v of %d, %v", out.Body, out.ContentLength, err)
			}
		})
	}
}

func TestOutgoingKeepsTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in, _ := requestFor("/")
	out, err := testRules(t).Outgoing(in.WithContext(ctx), "/", Additions{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if out.Context().Err() == nil {
		t.Error("a client that goes away does not end the request")
	}
}

func TestRequestID(t *testing.T) {
	for _, good := range []string{"a", "0f-A_b.9", strings.Repeat("x", 64)} {
		if got := RequestID(&http.Request{Header: http.Header{"X-Request-Id": {good}}}); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	seen := map[string]bool{}
	for _, bad := range [][]string{nil, {""}, {"a", "b"}, {"a b"}, {"a\n"}, {"é"}, {"<script>"}, {strings.Repeat("x", 65)}} {
		got := RequestID(&http.Request{Header: http.Header{"X-Request-Id": bad}})
		if len(got) != 32 || !isRequestID(got) || seen[got] {
			t.Errorf("%q became %q", bad, got)
		}
		seen[got] = true
	}
}

// browserRequest is what a browser sends for a page behind the gateway.
func browserRequest(b *testing.B) *http.Request {
	in, err := requestFor("/orders/list?page=2&sort=date")
	if err != nil {
		b.Fatal(err)
	}
	in.RemoteAddr = "192.0.2.1:51234"
	in.Body = http.NoBody
	in.Header = http.Header{
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"Accept-Encoding": {"gzip, deflate, br, zstd"}, "Accept-Language": {"en-GB,en;q=0.7"},
		"Connection": {"keep-alive"}, "Dnt": {"1"}, "Priority": {"u=0, i"}, "Referer": {"https://app.example.com/"},
		"Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-User": {"?1"},
		"Upgrade-Insecure-Requests": {"1"}, "User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		"Cookie": {"theme=dark; __Host-gatehouse=" + strings.Repeat("x", 120) + "; csrftoken=0123456789abcdef"},
	}
	return in
}

func BenchmarkOutgoing(b *testing.B) {
	r := testRules(b)
	in := browserRequest(b)
	id := someone()
	kept, err := r.IdentityHeaders(id)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		path, err := r.Path(in)
		if err != nil || r.Public(path) {
			b.Fatal(err)
		}
		a := Additions{Identity: id, IdentityHeaders: kept, RequestID: "0123456789abcdef", Peer: r.Peer(in)}
		if _, err := r.Outgoing(in, path, a); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIdentityHeaders(b *testing.B) {
	r := testRules(b)
	id := someone()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.IdentityHeaders(id); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReverseProxy is the measure: the standard library's proxy over a
// transport that does nothing.
func BenchmarkReverseProxy(b *testing.B) {
	target := mustURL(b, "http://app.internal:8081/base")
	p := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target); p.SetXForwarded() },
		Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody}, nil
		}),
	}
	in := browserRequest(b)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		p.ServeHTTP(w, in)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
