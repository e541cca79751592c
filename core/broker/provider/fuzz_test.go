package provider_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

// Whatever a client writes, a call goes below the API's address, to a path of the list,
// with our token only.
func FuzzCall(f *testing.F) {
	for _, path := range []string{"/v1/a", "/v1/../x", "/v1/%2e%2e/x", "//evil.example/", "/v1/a%2fb", "/v1/..;/x", "/v1/é", "/v1/%25%32e"} {
		f.Add("GET", path, "a=b&access_token=c", "application/x-www-form-urlencoded", []byte("x=y"))
	}
	f.Fuzz(func(t *testing.T, method, path, query, contentType string, body []byte) {
		s := settings("acme")
		s.AuthorizationEndpoint, s.TokenEndpoint = "https://login.acme.example/a", "https://login.acme.example/t"
		s.API, s.Calls = "https://api.acme.example/base", []string{"GET /v1/*", "POST /v1/*"}
		p := newProvider(t, s, provider.Parts{Fetch: transport(func(r *http.Request) (*http.Response, error) {
			at := r.URL.EscapedPath()
			if r.URL.Host != "api.acme.example" || r.URL.Scheme != "https" || r.URL.User != nil || at != "/base/v1" && !strings.HasPrefix(at, "/base/v1/") ||
				strings.Contains(r.URL.Path+"/", "/../") || strings.ContainsAny(r.URL.Path, "\\\r\n") || strings.Contains(strings.ToLower(at), "%2f") {
				t.Errorf("asked for %s", r.URL)
			}
			q, err := url.ParseQuery(r.URL.RawQuery)
			for name := range q {
				if strings.EqualFold(name, "access_token") {
					t.Error(r.URL.RawQuery)
				}
			}
			if err != nil || r.Method != "GET" && r.Method != "POST" || strings.Join(r.Header["Authorization"], "|") != "Bearer the-access-token" {
				t.Errorf("%v, %s, %v", err, r.Method, r.Header)
			}
			return reply(200, "", ""), nil
		})})
		res, err := p.Call(t.Context(), bearer, provider.Call{Method: method, Path: path, RawQuery: query, Header: http.Header{"Content-Type": {contentType}}, Body: body})
		if (res == nil) == (err == nil) {
			t.Errorf("%v, %v", res, err)
		}
	})
}

// Whatever a provider answers, there is a whole grant or an error.
func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, "application/json", []byte(`{"access_token":"a","token_type":"bearer","expires_in":3600,"scope":"a b"}`))
	f.Add(200, "application/x-www-form-urlencoded", []byte(`access_token=a&scope=b%2Cc`))
	f.Add(400, "application/json", []byte(`{"error":"invalid_grant"}`))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		p := newProvider(t, settings("github"), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(string(body)))}, nil
		})})
		g, err := p.Refresh(t.Context(), &provider.Grant{Access: secret.New("a"), Refresh: secret.New("r")})
		if (g == nil) == (err == nil) || g != nil && (g.Access.Empty() || g.Refresh.Empty()) || err != nil && provider.KindOf(err) == "" {
			t.Errorf("%+v, %v", g, err)
		}
	})
}

// Whatever a client writes, Last.fm gets the broker's parameters once, and others of the
// list.
func FuzzSignedCall(f *testing.F) {
	f.Add("artist=a&track=b", "application/x-www-form-urlencoded", []byte("artist[0]=c&sk=x"))
	f.Add("", "application/json", []byte(`{"artist":"a","limit":5}`))
	f.Fuzz(func(t *testing.T, query, contentType string, body []byte) {
		p := newProvider(t, settings("lastfm"), provider.Parts{Fetch: transport(func(r *http.Request) (*http.Response, error) {
			b, err := io.ReadAll(r.Body)
			form, err2 := url.ParseQuery(string(b))
			for name, values := range form {
				if len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") || name == "callback" {
					t.Errorf("%s: %q", name, values)
				}
			}
			if err != nil || err2 != nil || form.Get("method") != "track.love" || form.Get("sk") != "the-key" || form.Get("format") != "json" || len(form.Get("api_sig")) != 32 {
				t.Errorf("%v, %v, %s", err, err2, b)
			}
			return reply(200, "application/json", "{}"), nil
		})})
		res, err := p.Call(t.Context(), &provider.Grant{Access: secret.New("the-key")}, provider.Call{Method: "POST", Path: "/track.love", RawQuery: query, Header: http.Header{"Content-Type": {contentType}}, Body: body})
		if (res == nil) == (err == nil) {
			t.Errorf("%v, %v", res, err)
		}
	})
}
