package broker

import "testing"

func TestLoopbackRedirects(t *testing.T) {
	b := &Broker{Options: Options{Redirects: []string{"https://player.example/cb"}}}
	for uri, want := range map[string]bool{
		"http://127.0.0.1:1/callback": true, "http://127.0.0.1:65535/callback": true, "http://[::1]:8080/callback": true,
		"http://127.0.0.1/callback": false, "http://127.0.0.1:/callback": false, "http://127.0.0.1:65536/callback": false, "http://127.0.0.1:+80/callback": false,
		"http://127.0.0.1:080/callback": false, "http://127.0.0.1:80/callback/": false, "http://127.0.0.1:80/x/callback": false, "http://127.0.0.1:80//callback": false,
		"http://127.0.0.1:80@evil.example/callback": false, "http://127.0.0.1:80#/callback": false, "http://127.0.0.1:80?/callback": false, "http://localhost:80/callback": false,
		"https://127.0.0.1:80/callback": false, "HTTP://127.0.0.1:80/callback": false, "http://127.1:80/callback": false, "http://[::1]:80/callback#": false,
		"https://player.example/cb": false, "": false,
	} {
		if got := b.checkRedirect(flowLoopback, uri); got != want {
			t.Errorf("%s: %v", uri, got)
		}
	}
	for uri, want := range map[string]bool{"https://player.example/cb": true, "https://player.example/cb?": false, "http://127.0.0.1:1/callback": false, "": false} {
		if got := b.checkRedirect(flowBrowser, uri); got != want {
			t.Errorf("browser %s: %v", uri, got)
		}
	}
}

func TestWithQuery(t *testing.T) {
	for _, c := range []struct{ uri, want string }{
		{"http://127.0.0.1:1/callback", "http://127.0.0.1:1/callback?code=a%26b&state=%3D"},
		{"https://a.example/cb?x=1", "https://a.example/cb?x=1&code=a%26b&state=%3D"},
	} {
		if got := withQuery(c.uri, "code", "a&b", "error", "", "state", "="); got != c.want {
			t.Errorf("got %s", got)
		}
	}
}
