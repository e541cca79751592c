package cloudflare

import (
	"net/http"
	"testing"
)

func TestRequestOfTheRuntime(t *testing.T) {
	text := join([]string{"POST", "https://app.example/a%2Fb?x=%zz&y"}, http.Header{
		"Host": {"app.example"}, "Cf-Connecting-Ip": {"2001:db8::1"}, "Content-Length": {"5"}, "Cookie": {"a=1"},
	})
	r, err := newRequest(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != "POST" || r.Host != "app.example" || r.RemoteAddr != "2001:db8::1" || r.ContentLength != 5 || r.TLS == nil {
		t.Errorf("got %s %s from %s, %d bytes, TLS %v", r.Method, r.Host, r.RemoteAddr, r.ContentLength, r.TLS)
	}
	if r.URL.Host != "" || r.URL.Path != "/a/b" || r.URL.RawPath != "/a%2Fb" || r.URL.RawQuery != "x=%zz&y" || r.RequestURI != "/a%2Fb?x=%zz&y" {
		t.Errorf("URL %#v", r.URL)
	}
	if _, ok := r.Header["Host"]; ok {
		t.Error("Host is in the header")
	}
}

func TestPeerIsUnknownWithoutTheNetworksHeader(t *testing.T) {
	for _, header := range []http.Header{
		{}, {"X-Forwarded-For": {"192.0.2.1"}, "X-Real-Ip": {"192.0.2.1"}}, {"Cf-Connecting-Ip": {"192.0.2.1", "192.0.2.2"}},
	} {
		r, err := newRequest(t.Context(), join([]string{"GET", "http://localhost:3000/"}, header))
		if err != nil || r.RemoteAddr != "" {
			t.Errorf("%q: peer %q, %v", header, r.RemoteAddr, err)
		}
		if r.TLS != nil {
			t.Error("http counts as https")
		}
	}
}

func TestTargets(t *testing.T) {
	for _, test := range []struct{ raw, host, path, query string }{
		{"https://app.example", "app.example", "/", ""},
		{"https://app.example?x=1", "app.example", "/", "x=1"},
		{"https://app.example/a/../b/./c", "app.example", "/a/../b/./c", ""},
		{`https://app.example/a\b`, "app.example", `/a\b`, ""},
		{"https://app.example//evil.example/x", "app.example", "//evil.example/x", ""},
		{"https://app.example///x?y", "app.example", "///x", "y"},
		{"http://localhost:3000/é", "localhost:3000", "/é", ""},
	} {
		u, _, err := parseTarget(test.raw)
		if err != nil || u.Host != test.host || u.Path != test.path || u.RawQuery != test.query {
			t.Errorf("%s: got %#v, %v", test.raw, u, err)
		}
	}
	for _, raw := range []string{"", "/a", "https://app.example/%zz", "https://app.example/\x7f"} {
		if u, _, err := parseTarget(raw); err == nil {
			t.Errorf("%q: got %v", raw, u)
		}
	}
}

func TestContentLength(t *testing.T) {
	for _, test := range []struct {
		method string
		values []string
		want   int64
	}{
		{"GET", []string{"5"}, 0}, {"HEAD", nil, 0},
		{"POST", nil, -1}, {"POST", []string{"0"}, 0}, {"PUT", []string{"104857600"}, 104857600},
		{"POST", []string{"-1"}, -1}, {"POST", []string{"x"}, -1}, {"POST", []string{"1", "2"}, -1},
	} {
		if got := contentLength(test.method, http.Header{"Content-Length": test.values}); got != test.want {
			t.Errorf("%s %q: got %d, want %d", test.method, test.values, got, test.want)
		}
	}
}
