package syumai

import (
	"net/http"
	"net/url"
	"testing"
)

func TestReceived(t *testing.T) {
	for _, tt := range []struct{ address, target string }{
		{"https://app.example/a/b?c=d%2Fe", "/a/b?c=d%2Fe"},
		{"https://app.example", "/"},
		{"https://app.example/?", "/?"},
		{"https://app.example//evil.example/x", "//evil.example/x"},
		{"https://app.example/a%2Fb#part", "/a%2Fb"},
	} {
		u, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		r := received(&http.Request{Method: "GET", URL: u, Header: http.Header{
			"Host": {"app.example"}, "Cf-Connecting-Ip": {"192.0.2.1"}, "Accept": {"a", " b"},
		}, Body: nil, ContentLength: 3, TransferEncoding: []string{""}})
		if r.RequestURI != tt.target || r.URL.Host != "" || r.URL.Scheme != "" || r.Host != "app.example" || r.RemoteAddr != "192.0.2.1" {
			t.Errorf("%s: target %q, URL %v, host %q, peer %q", tt.address, r.RequestURI, r.URL, r.Host, r.RemoteAddr)
		}
		if r.TLS == nil || r.Header.Get("Host") != "" || r.Header.Get("Accept") != "a, b" || r.ContentLength != 0 || r.Body != http.NoBody {
			t.Errorf("%s: %+v", tt.address, r)
		}
		if u.Host != "app.example" {
			t.Error("the library's request was changed")
		}
	}
}

func TestReceivedOverPlainHTTP(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "localhost:3000", Path: "/"}
	if r := received(&http.Request{Method: "POST", URL: u, Header: http.Header{}, ContentLength: -1}); r.TLS != nil || r.Host != "localhost:3000" || r.RemoteAddr != "" {
		t.Errorf("%+v", r)
	}
}
