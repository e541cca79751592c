package provider_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

var bearer = &provider.Grant{Access: secret.New("the-access-token"), TokenType: "Bearer"}

func TestWhichCallsAreMade(t *testing.T) {
	s := settings("acme")
	s.AuthorizationEndpoint, s.TokenEndpoint = "https://login.acme.example/a", "https://login.acme.example/t"
	s.API = "https://api.acme.example/base"
	s.Calls = []string{"GET /v1/me", "GET /v1/lists/*/items", "PUT /v1/player/*", "DELETE /v1/é"}
	s.Calls[3] = "DELETE /v1/%C3%A9"
	for _, c := range []struct {
		method, path, query string
		want                string // the address; "": refused
		kind                provider.Kind
	}{
		{"GET", "/v1/me", "", "https://api.acme.example/base/v1/me", ""},
		{"GET", "/v1/me", "a=b&a=c&d", "https://api.acme.example/base/v1/me?a=b&a=c&d", ""},
		{"GET", "/v1/me", "q=a%26b%20c+d", "https://api.acme.example/base/v1/me?q=a%26b+c+d", ""},
		{"GET", "/v1/m%65", "", "https://api.acme.example/base/v1/me", ""},
		{"GET", "/v1/lists/7/items", "", "https://api.acme.example/base/v1/lists/7/items", ""},
		{"GET", "/v1/lists/a%20b/items", "", "https://api.acme.example/base/v1/lists/a%20b/items", ""},
		{"PUT", "/v1/player", "", "https://api.acme.example/base/v1/player", ""},
		{"PUT", "/v1/player/pause/now", "", "https://api.acme.example/base/v1/player/pause/now", ""},
		{"DELETE", "/v1/%c3%a9", "", "https://api.acme.example/base/v1/%C3%A9", ""},

		{"POST", "/v1/me", "", "", provider.NotAllowed},
		{"get", "/v1/me", "", "", provider.NotAllowed},
		{"GET", "/v1/me/", "", "", provider.NotAllowed},
		{"GET", "/v1/me/x", "", "", provider.NotAllowed},
		{"GET", "/v1/ME", "", "", provider.NotAllowed},
		{"GET", "/v1/me;x=y", "", "", provider.NotAllowed},
		{"GET", "/v1", "", "", provider.NotAllowed},
		{"GET", "/", "", "", provider.NotAllowed},
		{"GET", "/v1/lists/items", "", "", provider.NotAllowed},
		{"GET", "/v1/lists/7/8/items", "", "", provider.NotAllowed},
		{"PUT", "/v1/players", "", "", provider.NotAllowed},
		{"TRACE", "/v1/me", "", "", provider.NotAllowed},
		{"PUT", "/v1/player/..", "", "", provider.Request},
		{"PUT", "/v1/player/../me", "", "", provider.Request},
		{"GET", "/v1/x/../me", "", "", provider.Request},
		{"PUT", "/v1/player/%2e%2e/me", "", "", provider.Request},
		{"PUT", "/v1/player/.%2E/me", "", "", provider.Request},
		{"PUT", "/v1/player/%252e%252e/me", "", "", provider.Request},
		{"PUT", "/v1/player/..;/me", "", "", provider.Request},
		{"GET", "/v1/./me", "", "", provider.Request},
		{"GET", "//v1/me", "", "", provider.Request},
		{"GET", "/v1//me", "", "", provider.Request},
		{"GET", "//evil.example/v1/me", "", "", provider.Request},
		{"GET", "/v1%2Fme", "", "", provider.Request},
		{"GET", "/v1/lists/a%2F..%2Fb/items", "", "", provider.Request},
		{"GET", "/v1%5Cme", "", "", provider.Request},
		{"GET", "/v1\\me", "", "", provider.Request},
		{"GET", "/v1/me?x=y", "", "", provider.Request},
		{"GET", "/v1/me#x", "", "", provider.Request},
		{"GET", "/v1/me%00", "", "", provider.Request},
		{"GET", "/v1/me\r\nHost: evil.example", "", "", provider.Request},
		{"GET", "@evil.example/v1/me", "", "", provider.Request},
		{"GET", "https://evil.example/v1/me", "", "", provider.Request},
		{"GET", "", "", "", provider.Request},
		{"GET", "/v1/me", "access_token=x", "", provider.Request},
		{"GET", "/v1/me", "ACCESS_TOKEN=x", "", provider.Request},
		{"GET", "/v1/me", "a=b&access%5Ftoken=x", "", provider.Request},
		{"GET", "/v1/me", "oauth_token=x", "", provider.Request},
		{"GET", "/v1/me", "client_secret=x", "", provider.Request},
		{"GET", "/v1/me", "a=b;access_token=x", "", provider.Request},
		{"GET", "/v1/me", "_method=DELETE", "", provider.Request},
		{"GET", "/v1/me", "X-HTTP-Method-Override=PUT", "", provider.Request},
		{"GET", "/v1/me", "a=%zz", "", provider.Request},
		{"GET", "/v1/me", "a=" + strings.Repeat("x", 70000), "", provider.Request},
	} {
		asked := ""
		p := newProvider(t, s, provider.Parts{Fetch: transport(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.String()
			if r.Method != c.method || r.Header.Get("Authorization") != "Bearer the-access-token" || r.Host != "api.acme.example" && r.Host != "" {
				t.Errorf("%s by %s with %v", r.URL, r.Method, r.Header)
			}
			return reply(200, "application/json", "{}"), nil
		})})
		res, err := p.Call(t.Context(), bearer, provider.Call{Method: c.method, Path: c.path, RawQuery: c.query})
		kind(t, err, c.kind)
		if asked != c.want || (res != nil) != (c.want != "") {
			t.Errorf("%s %s?%.40s: asked for %q", c.method, c.path, c.query, asked)
		}
	}
	without := newProvider(t, settings("spotify"), provider.Parts{Fetch: nobody(t)})
	_, err := without.Call(t.Context(), bearer, provider.Call{Method: "PUT", Path: "/v1/me/player/pause"})
	kind(t, err, provider.NotAllowed)
}

func TestWhatPassesWithACall(t *testing.T) {
	var seen *http.Request
	var body string
	p := newProvider(t, settings("github"), provider.Parts{Fetch: transport(func(r *http.Request) (*http.Response, error) {
		seen = r
		if r.Body != nil {
			b, _ := io.ReadAll(r.Body)
			body = string(b)
		}
		res := reply(206, "application/json; charset=utf-8", "the body", "ETag", `"1"`, "Set-Cookie", "a=b", "Link", "<x>", "Server", "x",
			"Access-Control-Allow-Origin", "*", "Location", "https://evil.example/", "Cache-Control", "public", "X-RateLimit-Remaining", "7",
			"Connection", "X-Secret", "X-Secret", "s", "Authorization", "Bearer x", "Content-Security-Policy", "x")
		return res, nil
	})})
	header := http.Header{}
	for _, h := range [][2]string{
		{"Accept", "application/vnd.github+json"}, {"If-None-Match", `"0"`}, {"X-Github-Api-Version", "2022-11-28"}, {"User-Agent", "curl"},
		{"Authorization", "Bearer the-handle"}, {"Cookie", "a=b"}, {"X-Forwarded-For", "1.2.3.4"}, {"Host", "evil.example"}, {"X-App-Key", "k"},
		{"Accept-Encoding", "gzip"}, {"Origin", "https://app.example"}, {"Referer", "https://app.example/"}, {"Connection", "close"},
		{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}, {"Content-Type", "text/plain"},
	} {
		header.Set(h[0], h[1])
	}
	res, err := p.Call(t.Context(), bearer, provider.Call{Method: "GET", Path: "/user", Header: header})
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"Accept": {"application/vnd.github+json"}, "If-None-Match": {`"0"`}, "X-Github-Api-Version": {"2022-11-28"}, "User-Agent": {"Gatehouse"},
		"Authorization": {"Bearer the-access-token"}, "Accept-Encoding": {"identity"},
	}
	if sprint("%v", seen.Header) != sprint("%v", want) || body != "" {
		t.Errorf("sent %v %q", seen.Header, body)
	}
	back := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Etag": {`"1"`}, "Link": {"<x>"}, "X-Ratelimit-Remaining": {"7"}}
	if text, err := io.ReadAll(res.Body); string(text) != "the body" || err != nil || res.StatusCode != 206 || sprint("%v", res.Header) != sprint("%v", back) {
		t.Errorf("got %d %v %q, %v", res.StatusCode, res.Header, text, err)
	}

	s := settings("github")
	s.Calls = []string{"POST /x"}
	p2 := newProvider(t, s, provider.Parts{Fetch: p2transport(&seen, &body)})
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	post := provider.Call{Method: "POST", Path: "/x", Header: header, Body: []byte("a=b&c=%20")}
	for range 2 { // a call can be made again
		if _, err := p2.Call(t.Context(), bearer, post); err != nil || body != "a=b&c=%20" || seen.ContentLength != 9 || seen.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("sent %q, %v, %v", body, seen.Header, err)
		}
	}
	for _, smuggled := range []string{"access_token=x", "%5Fmethod=delete", "_METHOD=PUT"} {
		post.Body = []byte("a=b&" + smuggled)
		_, err = p2.Call(t.Context(), bearer, post)
		kind(t, err, provider.Request)
	}
	_, err = p.Call(t.Context(), bearer, provider.Call{Method: "GET", Path: "/user", Body: []byte("x")})
	kind(t, err, provider.Request)
}

func p2transport(seen **http.Request, body *string) transport {
	return func(r *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(r.Body)
		*seen, *body = r, string(b)
		return reply(204, "", ""), err
	}
}

func TestWhatACallsStatusMeans(t *testing.T) {
	for _, c := range []struct {
		provider string
		answer   *http.Response
		want     provider.Kind
		after    time.Duration
	}{
		{"github", reply(200, "application/json", "{}"), "", 0},
		{"github", reply(304, "", ""), "", 0},
		{"github", reply(404, "application/json", "{}"), "", 0},
		{"github", reply(403, "application/json", `{"message":"Must have admin rights"}`, "X-RateLimit-Remaining", "59"), "", 0},
		{"github", reply(401, "application/json", "{}"), provider.Unauthorized, 0},
		{"github", reply(301, "", "", "Location", "https://api.github.com/x"), provider.Malformed, 0},
		{"github", reply(302, "", "", "Location", "https://evil.example/"), provider.Malformed, 0},
		{"github", reply(429, "", "", "Retry-After", "60"), provider.Busy, time.Minute},
		{"github", reply(429, "", "", "Retry-After", "Fri, 31 Dec 2027 23:59:59 GMT"), provider.Busy, 10 * time.Second},
		{"github", reply(429, "", "", "Retry-After", "999999999"), provider.Busy, time.Hour},
		{"github", reply(403, "", "", "Retry-After", "0"), provider.Busy, time.Second},
		{"github", reply(403, "", "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1800000120"), provider.Busy, 2 * time.Minute},
		{"github", reply(403, "", "", "X-RateLimit-Remaining", "0"), provider.Busy, 10 * time.Second},
		{"github", reply(503, "text/html", "<h1>", "Retry-After", "5"), provider.Unavailable, 5 * time.Second},
		{"spotify", reply(500, "", ""), provider.Unavailable, 0},
		{"spotify", reply(403, "application/json", "{}", "X-RateLimit-Remaining", "0"), "", 0},
	} {
		p := newProvider(t, settings(c.provider), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) { return c.answer, nil })})
		_, err := p.Call(t.Context(), bearer, provider.Call{Method: "GET", Path: "/v1/me"})
		kind(t, err, c.want)
		var e *provider.Error
		if errors.As(err, &e); e != nil && e.RetryAfter != c.after {
			t.Errorf("%d %v: retry after %v", c.answer.StatusCode, c.answer.Header, e.RetryAfter)
		}
	}
}

func TestCallsAreBounded(t *testing.T) {
	call := provider.Call{Method: "GET", Path: "/user"}
	p := newProvider(t, settings("github"), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) {
		return reply(200, "", strings.Repeat("x", provider.MaxCallAnswer+1)), nil
	})})
	res, err := p.Call(t.Context(), bearer, call)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(res.Body); err == nil || len(b) != provider.MaxCallAnswer {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	p = newProvider(t, settings("github"), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) {
		res := reply(200, "", "x")
		res.ContentLength = provider.MaxCallAnswer + 1
		return res, nil
	})})
	_, err = p.Call(t.Context(), bearer, call)
	kind(t, err, provider.Malformed)
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, settings("github"), provider.Parts{Fetch: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		began := time.Now()
		_, err := p.Call(t.Context(), bearer, call)
		if kind(t, err, provider.Unavailable); time.Since(began) != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
