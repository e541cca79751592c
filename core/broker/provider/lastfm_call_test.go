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

var formType = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

func TestSignedCalls(t *testing.T) {
	p, l, n, _ := lastFM(t)
	g, err := p.Redeem(t.Context(), goThrough(t, p, n, "allow").answer())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []provider.Call{
		{Method: "POST", Path: "/track.love", Header: formType, Body: []byte("artist=Sigur+R%C3%B3s&track=Hopp%C3%ADpolla&format=xml&callback=evil")},
		{Method: "POST", Path: "/track.love", Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: []byte(`{"artist":"Sigur Rós","track":"Hoppípolla","format":"xml"}`)},
		{Method: "POST", Path: "/track.love", RawQuery: "artist=Sigur+R%C3%B3s&track=Hopp%C3%ADpolla"},
	} {
		l.Calls = nil
		res, err := p.Call(t.Context(), g, c)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || strings.TrimSpace(string(body)) != "{}" {
			t.Errorf("got %d %q, %v", res.StatusCode, body, err)
		}
		form := l.Calls[0]
		if form.Get("artist") != "Sigur Rós" || form.Get("track") != "Hoppípolla" || form.Get("format") != "json" || form.Has("callback") ||
			form.Get("sk") != g.Access.Reveal() || len(form) != 7 {
			t.Errorf("sent %v", form)
		}
	}
	batch := url.Values{}
	for i, s := range []string{"[0]", "[1]", "[10]", "[2]", "[49]"} {
		batch.Set("artist"+s, string(rune('A'+i)))
		batch.Set("timestamp"+s, "1")
	}
	if _, err := p.Call(t.Context(), g, provider.Call{Method: "POST", Path: "/track.scrobble", Header: formType, Body: []byte(batch.Encode())}); err != nil {
		t.Error(err)
	}
	res, err := p.Call(t.Context(), g, provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=rj&format=xml"})
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), `"playcount":"42"`) {
		t.Errorf("got %s", body)
	}
	res, err = p.Call(t.Context(), g, provider.Call{Method: "POST", Path: "/track.love", RawQuery: "artist=x"})
	if err != nil || res.StatusCode != 400 {
		t.Fatalf("a parameter is missing: %v, %v", res, err)
	}
	if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), `"error":6`) || strings.Contains(string(body), g.Access.Reveal()) {
		t.Errorf("got %s", body)
	}
	l.ErrorStatus = 200
	if res, err := p.Call(t.Context(), g, provider.Call{Method: "POST", Path: "/track.love", RawQuery: "artist=x"}); err != nil || res.StatusCode != 400 {
		t.Errorf("a parameter is missing, with status 200: %v, %v", res, err)
	}
	l.Forget()
	_, err = p.Call(t.Context(), g, provider.Call{Method: "GET", Path: "/user.getInfo"})
	kind(t, err, provider.Ended)
	l.Busy = true
	_, err = p.Call(t.Context(), g, provider.Call{Method: "GET", Path: "/user.getInfo"})
	kind(t, err, provider.Busy)
	l.Busy, l.Down = false, true
	_, err = p.Call(t.Context(), g, provider.Call{Method: "GET", Path: "/user.getInfo"})
	kind(t, err, provider.Unavailable)
}

func TestWhichSignedCallsAreMade(t *testing.T) {
	session := &provider.Grant{Access: secret.New("d580d57f32848f5dcf574d1ce18d78b2"), TokenType: "lastfm", Name: "rj"}
	many := url.Values{}
	for i := range 501 {
		many.Set("x"+strings.Repeat("y", i), "")
	}
	for _, c := range []struct {
		name string
		call provider.Call
		want provider.Kind
	}{
		{"a method off the list", provider.Call{Method: "POST", Path: "/user.shout"}, provider.NotAllowed},
		{"auth.getSession", provider.Call{Method: "GET", Path: "/auth.getSession"}, provider.NotAllowed},
		{"auth.getMobileSession", provider.Call{Method: "POST", Path: "/auth.getMobileSession"}, provider.NotAllowed},
		{"Auth.getSession", provider.Call{Method: "GET", Path: "/Auth.getSession"}, provider.NotAllowed},
		{"AUTH.getMobileSession", provider.Call{Method: "POST", Path: "/AUTH.getMobileSession"}, provider.NotAllowed},
		{"other letters", provider.Call{Method: "POST", Path: "/track.Love"}, provider.NotAllowed},
		{"a longer name", provider.Call{Method: "POST", Path: "/track.love2"}, provider.NotAllowed},
		{"a path", provider.Call{Method: "POST", Path: "/track.love/x"}, provider.NotAllowed},
		{"an escape", provider.Call{Method: "POST", Path: "/track%2Elove"}, provider.NotAllowed},
		{"nothing", provider.Call{Method: "POST", Path: "/"}, provider.NotAllowed},
		{"a control character", provider.Call{Method: "POST", Path: "/user.get\n"}, provider.NotAllowed},
		{"a write by GET", provider.Call{Method: "GET", Path: "/track.love"}, provider.NotAllowed},
		{"a read by DELETE", provider.Call{Method: "DELETE", Path: "/user.getInfo"}, provider.NotAllowed},
		{"a signature", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "api_sig=x"}, provider.Request},
		{"a session key", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "sk=x"}, provider.Request},
		{"an API key", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "api_key=x"}, provider.Request},
		{"another method", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "method=track.love"}, provider.Request},
		{"an unknown parameter", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "artistmethodtrack.unlovesk=x"}, provider.Request},
		{"an index too high", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "artist[50]=x"}, provider.Request},
		{"an index with a zero", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "artist[01]=x"}, provider.Request},
		{"no index", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "artist[]=x"}, provider.Request},
		{"half an index", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "artist[1=x"}, provider.Request},
		{"twice", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=a&user=b"}, provider.Request},
		{"in both places", provider.Call{Method: "POST", Path: "/track.love", RawQuery: "artist=a", Header: formType, Body: []byte("artist=b")}, provider.Request},
		{"a line break", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=a%0Ab"}, provider.Request},
		{"NUL", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=%00"}, provider.Request},
		{"Latin-1", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=R%F3s"}, provider.Request},
		{"a C1 control", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=%C2%85"}, provider.Request},
		{"a long value", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=" + strings.Repeat("x", 5000)}, provider.Request},
		{"too many", provider.Call{Method: "POST", Path: "/track.scrobble", Header: formType, Body: []byte(many.Encode())}, provider.Request},
		{"a semicolon", provider.Call{Method: "GET", Path: "/user.getInfo", RawQuery: "user=a;sk=b"}, provider.Request},
		{"an unknown body", provider.Call{Method: "POST", Path: "/track.love", Body: []byte("<x/>")}, provider.Request},
		{"nested JSON", provider.Call{Method: "POST", Path: "/track.love", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"artist":{"a":1}}`)}, provider.Request},
		{"JSON twice", provider.Call{Method: "POST", Path: "/track.love", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"artist":"a","artist":"b"}`)}, provider.Request},
		{"a flag in JSON", provider.Call{Method: "POST", Path: "/track.love", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"artist":true}`)}, provider.Request},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings("lastfm")
			if strings.HasPrefix(strings.ToLower(c.call.Path), "/auth") {
				s.Calls = []string{"a*", "A*", "auth.getSession", "auth.getMobileSession"}
			}
			p := newProvider(t, s, provider.Parts{Fetch: nobody(t)})
			_, err := p.Call(t.Context(), session, c.call)
			kind(t, err, c.want)
		})
	}
}

// The error codes of 4.1, each with the status that contradicts it.
func TestWhatLastFMAnswers(t *testing.T) {
	const json = "application/json"
	for _, c := range []struct {
		name   string
		answer *http.Response
		want   provider.Kind
		status int
	}{
		{"good", reply(200, json, ` {"lovedtracks":{"error":9}}`), "", 200},
		{"a long good one", reply(200, json, `{"x":"`+strings.Repeat("y", 100_000)+`","error":9}`), "", 200},
		{"session key", reply(200, json, `{"error":9,"message":"x"}`), provider.Ended, 0},
		{"session key as text", reply(403, json, `{"error":"9"}`), provider.Ended, 0},
		{"token", reply(200, json, `{"error":15}`), provider.Ended, 0},
		{"no permission", reply(200, json, `{"error":4}`), "", 403},
		{"login required", reply(200, json, `{"error":17}`), "", 403},
		{"parameters", reply(200, json, `{"error":6}`), "", 400},
		{"not found", reply(404, json, `{"error":6}`), "", 404},
		{"method", reply(200, json, `{"error":3}`), "", 400},
		{"unknown code", reply(500, json, `{"error":99}`), "", 400},
		{"our key", reply(200, json, `{"error":10}`), provider.Configuration, 0},
		{"our signature", reply(403, json, `{"error":13}`), provider.Configuration, 0},
		{"suspended", reply(403, json, `{"error":26}`), provider.Configuration, 0},
		{"offline", reply(200, json, `{"error":11}`), provider.Unavailable, 0},
		{"temporary", reply(200, json, `{"error":16}`), provider.Unavailable, 0},
		{"limit", reply(200, json, `{"error":29}`), provider.Busy, 0},
		{"XML with 500", reply(500, "text/xml", `<lfm status="failed"/>`), provider.Unavailable, 0},
		{"XML with 200", reply(200, "text/xml", `<lfm status="ok"/>`), provider.Malformed, 0},
		{"nothing", reply(200, json, ``), provider.Malformed, 0},
		{"a redirect", reply(302, json, `{}`, "Location", "https://evil.example/"), provider.Malformed, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProvider(t, settings("lastfm"), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) { return c.answer, nil })})
			res, err := p.Call(t.Context(), &provider.Grant{Access: secret.New("k")}, provider.Call{Method: "GET", Path: "/user.getInfo"})
			if kind(t, err, c.want); c.status > 0 && (res == nil || res.StatusCode != c.status) {
				t.Errorf("got %v", res)
			}
			if res != nil {
				if body, err := io.ReadAll(res.Body); err != nil || len(body) < 10 {
					t.Errorf("the body is %q, %v", body, err)
				}
			}
		})
	}
	for body, want := range map[string]provider.Kind{
		`{}`: provider.Malformed, `{"session":null}`: provider.Malformed, `{"session":{"name":"rj"}}`: provider.Malformed,
		`{"session":{"key":"k"}}`: provider.Malformed, `{"session":[]}`: provider.Malformed, `<lfm/>`: provider.Malformed, `"x"`: provider.Malformed,
		`{"session":{"key":"a b","name":"rj"}}`: provider.Malformed,
	} {
		p := newProvider(t, settings("lastfm"), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) { return reply(200, json, body), nil })})
		_, err := p.Redeem(t.Context(), provider.Answer{Token: "t"})
		kind(t, err, want)
		_, err = p.RequestToken(t.Context())
		kind(t, err, provider.Malformed)
	}
}
