package proxy

import (
	"net/http"
	"reflect"
	"testing"
)

func TestEditAnswer(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		in, want http.Header
	}{
		{"hop-by-hop headers", 200,
			http.Header{"Connection": {"close, X-Hop"}, "X-Hop": {"1"}, "Keep-Alive": {"timeout=5"}, "Transfer-Encoding": {"chunked"}, "Trailer": {"X-T"}, "Upgrade": {"h2c"}, "Proxy-Authenticate": {"Basic"}, "Te": {"x"}, "Content-Length": {"5"}},
			http.Header{"Content-Length": {"5"}}},
		{"upgrade", 101,
			http.Header{"Connection": {"Upgrade, X-Hop"}, "X-Hop": {"1"}, "Upgrade": {"websocket"}, "Sec-Websocket-Accept": {"x"}},
			http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Accept": {"x"}}},
		{"several cookies of the application", 200,
			http.Header{"Set-Cookie": {"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2; Path=/", "a=3"}},
			http.Header{"Set-Cookie": {"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2; Path=/", "a=3"}}},
		{"cookies with the gateway's names", 200,
			http.Header{"Set-Cookie": {"a=1", "__Host-gatehouse=evil; Path=/; Secure", " \t__Host-gatehouse-login-1\t =x", "__Host-gatehouse", "=__Host-gatehouse=x", "b=__Host-gatehouse"}},
			http.Header{"Set-Cookie": {"a=1", "b=__Host-gatehouse"}}},
		{"only cookies with the gateway's names", 200, http.Header{"Set-Cookie": {"__Host-gatehouse=; Max-Age=0"}}, http.Header{}},
		{"name of a header in lower case", 200, http.Header{"set-cookie": {"__Host-gatehouse=x"}, "connection": {"close"}}, http.Header{}},
		{"headers of the gateway", 200, http.Header{"X-Introspection-Error": {"x"}, "X-Gatehouse-Roles": {"admin"}, "X_gatehouse_roles": {"admin"}, "X-App": {"1"}}, http.Header{"X-App": {"1"}}},
		{"challenge of the application", 401, http.Header{"Www-Authenticate": {"Bearer"}}, http.Header{"Www-Authenticate": {"Bearer"}}},
	}
	r := testRules(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cookies := test.in["Set-Cookie"]
			before := append([]string(nil), cookies...)
			r.EditAnswer(test.status, test.in)
			if !reflect.DeepEqual(test.in, test.want) {
				t.Errorf("got  %v\nwant %v", test.in, test.want)
			}
			if len(before) > 0 && !reflect.DeepEqual(cookies, before) {
				t.Errorf("the values were changed in place: %q", cookies)
			}
		})
	}
}

func BenchmarkEditAnswer(b *testing.B) {
	r := testRules(b)
	h := http.Header{
		"Content-Type": {"text/html"}, "Date": {"x"}, "Etag": {"x"}, "Cache-Control": {"no-cache"}, "Vary": {"Cookie"},
		"Set-Cookie": {"a=1; Path=/; HttpOnly", "b=2; Path=/"}, "Content-Length": {"5"},
	}
	b.ReportAllocs()
	for b.Loop() {
		r.EditAnswer(200, h)
	}
}
