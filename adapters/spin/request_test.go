package spin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"gatehouse/adapters/spin/wasi"
)

func incoming(method, target string, fields ...wasi.Field) *wasi.Incoming {
	return &wasi.Incoming{Method: method, PathWithQuery: target, Authority: "app.example", Fields: fields, Body: strings.NewReader("")}
}

func made(t *testing.T, in *wasi.Incoming) *http.Request {
	t.Helper()
	r, err := request(context.Background(), in, ClientAddress, true)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRequestHasTargetHostAndHeader(t *testing.T) {
	t.Parallel()
	in := incoming("GET", "//a%2Fb/c?x=1&y=%zz", wasi.Field{Name: "accept", Value: "text/html"},
		wasi.Field{Name: "cookie", Value: "a=1"}, wasi.Field{Name: "cookie", Value: "b=2"}, wasi.Field{Name: "host", Value: "other.example"})
	r := made(t, in)
	if r.RequestURI != in.PathWithQuery || r.URL.EscapedPath() != "//a%2Fb/c" || r.URL.RawQuery != "x=1&y=%zz" {
		t.Errorf("target %q, URL %q", r.RequestURI, r.URL)
	}
	if r.Host != "app.example" || r.Header["Host"] != nil {
		t.Errorf("host %q, header %v", r.Host, r.Header)
	}
	if got := r.Header["Cookie"]; len(got) != 2 || got[0] != "a=1" || got[1] != "b=2" {
		t.Errorf("cookies %q", got)
	}
	if r.TLS != nil || r.RemoteAddr != "" {
		t.Errorf("TLS %v, peer %q", r.TLS, r.RemoteAddr)
	}
	in.Authority, in.Scheme = "", "https"
	if r = made(t, in); r.Host != "other.example" || r.TLS == nil {
		t.Errorf("host %q, TLS %v", r.Host, r.TLS)
	}
	in.PathWithQuery = ""
	if r = made(t, in); r.RequestURI != "/" {
		t.Errorf("an empty target becomes %q", r.RequestURI)
	}
}

func TestPeerIsTheLastValueAndOnlyWhereTheHostTells(t *testing.T) {
	t.Parallel()
	in := incoming("GET", "/",
		wasi.Field{Name: "Spin-Client-Addr", Value: "192.0.2.1:1"},
		wasi.Field{Name: "spin-full-url", Value: "https://forged.example/"},
		wasi.Field{Name: "spin-client-addr", Value: "198.51.100.7:4000"},
		wasi.Field{Name: "SPIN-anything", Value: "x"})
	if r := made(t, in); r.RemoteAddr != "198.51.100.7:4000" || len(r.Header) != 0 {
		t.Errorf("peer %q, header %v", r.RemoteAddr, r.Header)
	}
	in.Fields = append(in.Fields, wasi.Field{Name: "spin-client-addr", Value: "0.0.0.0:0"})
	if r := made(t, in); r.RemoteAddr != "" {
		t.Errorf("another component has the address %q", r.RemoteAddr)
	}
	r, err := request(context.Background(), in, "", true)
	if err != nil || r.RemoteAddr != "" || len(r.Header) != 0 {
		t.Errorf("on other hosts: peer %q, header %v, %v", r.RemoteAddr, r.Header, err)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]*wasi.Incoming{
		"target":              incoming("GET", "no-slash"),
		"escape":              incoming("GET", "/%zz"),
		"length":              incoming("POST", "/", wasi.Field{Name: "content-length", Value: "-1"}),
		"lengths that differ": incoming("POST", "/", wasi.Field{Name: "content-length", Value: "1"}, wasi.Field{Name: "content-length", Value: "2"}),
	} {
		if _, err := request(context.Background(), in, "", true); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, length, body string
		want                 int64
		none                 bool
	}{
		{"POST", "3", "abc", 3, false},
		{"POST", "0", "", 0, true},
		{"POST", "", "abc", -1, false},
		{"GET", "", "", 0, true},
		{"GET", "", "abc", -1, false},
		{"DELETE", "", "", 0, true},
	} {
		in := incoming(c.method, "/")
		if c.length != "" {
			in.Fields = []wasi.Field{{Name: "content-length", Value: c.length}}
		}
		in.Body = strings.NewReader(c.body)
		r := made(t, in)
		data, err := io.ReadAll(r.Body)
		if r.ContentLength != c.want || (r.Body == http.NoBody) != c.none || string(data) != c.body || err != nil {
			t.Errorf("%s with length %q and %q: length %d, body %q, %v", c.method, c.length, c.body, r.ContentLength, data, err)
		}
	}
	in := incoming("GET", "/")
	broken := errors.New("broken")
	in.Body = failing{broken}
	if _, err := io.ReadAll(made(t, in).Body); !errors.Is(err, broken) {
		t.Errorf("a broken body ends with %v", err)
	}
}

func TestHandshakeIsRecognisedWithoutConnection(t *testing.T) {
	t.Parallel()
	key, version := wasi.Field{Name: "sec-websocket-key", Value: "x"}, wasi.Field{Name: "sec-websocket-version", Value: "13"}
	if r := made(t, incoming("GET", "/", key, version)); r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
		t.Errorf("header %v", r.Header)
	}
	for _, in := range []*wasi.Incoming{incoming("POST", "/", key, version), incoming("GET", "/", key)} {
		if r := made(t, in); r.Header["Upgrade"] != nil {
			t.Errorf("%s %v", r.Method, r.Header)
		}
	}
}
