package core_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"gatehouse/core"
	"gatehouse/core/config"
	"gatehouse/core/kv"
)

// Each way in which the check of an access token can end has one status and one code,
// whoever asks; none of them leads to a login, and only an authenticated caller gets 403.
func TestWhatBecomesOfAnAccessToken(t *testing.T) {
	const bearer = "Bearer abc"
	good := map[string]any{"active": true, "sub": "alice", "aud": settings["CLIENT_ID"], "scope": "read"}
	change := func(name string, value any) map[string]any {
		changed := map[string]any{}
		for n, v := range good {
			changed[n] = v
		}
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
		return changed
	}
	for _, c := range []struct {
		name      string
		headers   []string
		answer    map[string]any // nil: nobody may be asked
		status    int
		code      string
		challenge string
		retry     bool
	}{
		{"no credentials", nil, nil, 401, "login_required", "Bearer", false},
		{"another scheme", []string{"Basic YTpi"}, nil, 401, "login_required", "Bearer", false},
		{"malformed header", []string{"Bearer a b"}, nil, 401, "invalid_token", `Bearer error="invalid_token"`, false},
		{"scheme alone", []string{"Bearer"}, nil, 401, "invalid_token", `Bearer error="invalid_token"`, false},
		{"two headers", []string{bearer, bearer}, nil, 400, "invalid_request", `Bearer error="invalid_request"`, false},
		{"inactive user", []string{bearer}, map[string]any{"active": false}, 401, "invalid_token", `Bearer error="invalid_token"`, false},
		{"no user", []string{bearer}, change("sub", nil), 401, "invalid_token", `Bearer error="invalid_token"`, false},
		{"another audience", []string{bearer}, change("aud", "other"), 401, "invalid_token", `Bearer error="invalid_token"`, false},
		{"scope missing", []string{bearer}, change("scope", "write"), 403, "insufficient_scope", `Bearer error="insufficient_scope", scope="read"`, false},
		{"introspection failed", []string{bearer}, map[string]any{"active": "yes"}, 503, "token_unverified", "", true},
		{"good", []string{bearer}, good, 200, "", "", false},
	} {
		for who, header := range map[string]http.Header{
			"a program": {"Accept": {"application/json"}},
			"a browser": {"Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}},
		} {
			if c.headers == nil && who == "a browser" {
				continue // that one is sent to log in
			}
			t.Run(c.name+", "+who, func(t *testing.T) {
				i := newIssuer(t)
				i.introspection = c.answer
				g := i.gateway(t, "BEARER_TOKENS", "introspection", "REQUIRED_SCOPES", "read")
				r := httptest.NewRequest(http.MethodGet, "https://app.example.com/x", nil)
				r.Header = header.Clone()
				for _, value := range c.headers {
					r.Header.Add("Authorization", value)
				}
				w := httptest.NewRecorder()
				g.ServeHTTP(w, r)
				var problem struct{ Code string }
				_ = json.Unmarshal(w.Body.Bytes(), &problem)
				h := w.Header()
				if w.Code != c.status || problem.Code != c.code || h.Get("WWW-Authenticate") != c.challenge || (h.Get("Retry-After") != "") != c.retry {
					t.Errorf("%d, code %q, header %v", w.Code, problem.Code, h)
				}
				if h.Get("Location") != "" || h.Get("X-Introspection-Error") != "" {
					t.Errorf("header %v", h)
				}
				if asked := len(i.asked) > 0; asked != (c.answer != nil) || (i.reached == 1) != (c.status == 200) {
					t.Errorf("%d questions, %d requests reached the application", len(i.asked), i.reached)
				}
			})
		}
	}
}

// What is not configured prevents the start; it is no answer to a request.
func TestAccessTokensWithoutAClientDoNotStart(t *testing.T) {
	_, err := core.LoadConfig(func(name string) (string, bool) {
		switch name {
		case "CLIENT_ID", "CLIENT_SECRET":
			return "", false
		case "BEARER_TOKENS":
			return "introspection", true
		}
		return lookup(name)
	})
	var mistakes config.Errors
	if !errors.As(err, &mistakes) || len(mistakes) != 2 || mistakes[0].Name != "CLIENT_ID" || mistakes[1].Name != "CLIENT_SECRET" {
		t.Errorf("error %v", err)
	}
}

func TestClearTokensWhereNoneAreAskedAbout(t *testing.T) {
	for _, method := range []string{"off", "jwt"} {
		if n, err := newIssuer(t).gateway(t, "BEARER_TOKENS", method).ClearTokens(t.Context()); n != 0 || !errors.Is(err, core.ErrNoAnswers) {
			t.Errorf("%s: %d, %v", method, n, err)
		}
	}
}

func TestClearTokensKeepsSessions(t *testing.T) {
	i, store := newIssuer(t), &kv.Memory{}
	i.introspection = map[string]any{"active": true, "sub": "alice", "aud": settings["CLIENT_ID"], "exp": 1 << 40}
	c, err := core.LoadConfig(func(name string) (string, bool) {
		if name == "BEARER_TOKENS" {
			return "introspection", true
		}
		return lookup(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	g, err := core.New(c, core.Platform{KV: store, Fetch: i, Forward: i})
	if err != nil {
		t.Fatal(err)
	}
	if w := call(g, "opaque"); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	r := httptest.NewRequest(http.MethodGet, "https://app.example.com/x", nil)
	beginSession(t, g, core.Identity{Subject: "bob"}, r)
	if n, err := g.ClearTokens(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	w := httptest.NewRecorder()
	if g.ServeHTTP(w, r); w.Code != http.StatusOK || i.user != "bob" {
		t.Errorf("status %d, user %q", w.Code, i.user)
	}
	if w := call(g, "opaque"); w.Code != http.StatusOK || len(i.asked) != 2 {
		t.Errorf("status %d, %d questions", w.Code, len(i.asked))
	}
}
