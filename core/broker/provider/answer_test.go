package provider_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

func reply(status int, contentType, body string, header ...string) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
}

// The body decides, not the status; what cannot be read is no success.
func TestTokenAnswers(t *testing.T) {
	const json, form = "application/json", "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name     string
		answer   *http.Response
		redeemed provider.Kind // of a code; "": a grant
		renewed  provider.Kind // of a refresh token
	}{
		{"good", reply(200, json, `{"access_token":"a","token_type":"bearer","expires_in":"3600","scope":"x,y z"}`), "", ""},
		{"created", reply(201, json, `{"access_token":"a"}`), "", ""},
		{"a form", reply(200, form, "access_token=a&scope=x%2Cy&token_type=bearer"), "", ""},
		{"JSON without a type", reply(200, "", `{"access_token":"a","token_type":"BEARER"}`), "", ""},
		{"bad code with 200", reply(200, json, `{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}`), provider.Invalid, provider.Ended},
		{"bad code with 200 in a form", reply(200, form, "error=bad_verification_code&error_description=x"), provider.Invalid, provider.Ended},
		{"error beside a token", reply(200, json, `{"access_token":"a","error":"invalid_grant"}`), provider.Invalid, provider.Ended},
		{"bad refresh token with 200", reply(200, json, `{"error":"bad_refresh_token"}`), provider.Invalid, provider.Ended},
		{"invalid_grant", reply(400, json, `{"error":"invalid_grant"}`), provider.Invalid, provider.Ended},
		{"invalid_grant with 500", reply(500, json, `{"error":"invalid_grant"}`), provider.Invalid, provider.Ended},
		{"wrong secret with 200", reply(200, json, `{"error":"incorrect_client_credentials"}`), provider.Configuration, provider.Configuration},
		{"redirect mismatch with 200", reply(200, json, `{"error":"redirect_uri_mismatch"}`), provider.Configuration, provider.Configuration},
		{"invalid_client", reply(401, json, `{"error":"invalid_client"}`), provider.Configuration, provider.Configuration},
		{"unverified address", reply(200, json, `{"error":"unverified_user_email"}`), provider.Denied, provider.Denied},
		{"scope", reply(400, json, `{"error":"invalid_scope"}`), provider.Scope, provider.Scope},
		{"down, in words", reply(400, json, `{"error":"temporarily_unavailable"}`), provider.Unavailable, provider.Unavailable},
		{"too fast", reply(400, json, `{"error":"slow_down"}`), provider.Busy, provider.Busy},
		{"unknown error", reply(400, json, `{"error":"strange"}`), provider.Malformed, provider.Malformed},
		{"unknown error with 503", reply(503, json, `{"error":"strange"}`), provider.Unavailable, provider.Unavailable},
		{"an object as error", reply(400, json, `{"error":{"code":1}}`), provider.Malformed, provider.Malformed},
		{"429", reply(429, "text/plain", "slow", "Retry-After", "7"), provider.Busy, provider.Busy},
		{"503", reply(503, "text/html", "<h1>"), provider.Unavailable, provider.Unavailable},
		{"401 without words", reply(401, "", ""), provider.Configuration, provider.Configuration},
		{"a redirect", reply(302, json, `{"access_token":"a"}`, "Location", "https://evil.example/"), provider.Malformed, provider.Malformed},
		{"404", reply(404, "text/html", "<h1>"), provider.Malformed, provider.Malformed},
		{"empty token", reply(200, json, `{"access_token":"","token_type":"bearer"}`), provider.Malformed, provider.Malformed},
		{"no token", reply(200, json, `{"token_type":"bearer"}`), provider.Malformed, provider.Malformed},
		{"null", reply(200, json, `{"access_token":null}`), provider.Malformed, provider.Malformed},
		{"a number as token", reply(200, json, `{"access_token":7}`), provider.Malformed, provider.Malformed},
		{"control characters", reply(200, json, `{"access_token":"a\r\nX: y"}`), provider.Malformed, provider.Malformed},
		{"a long token", reply(200, json, `{"access_token":"`+strings.Repeat("a", 40<<10)+`"}`), provider.Malformed, provider.Malformed},
		{"another type of token", reply(200, json, `{"access_token":"a","token_type":"mac"}`), provider.Malformed, provider.Malformed},
		{"a list as scope", reply(200, json, `{"access_token":"a","scope":["x"]}`), provider.Malformed, provider.Malformed},
		{"token twice", reply(200, json, `{"access_token":"a","access_token":"b"}`), provider.Malformed, provider.Malformed},
		{"token twice in a form", reply(200, form, "access_token=a&access_token=b"), provider.Malformed, provider.Malformed},
		{"HTML", reply(200, "text/html", "<html>"), provider.Malformed, provider.Malformed},
		{"nothing", reply(200, json, ""), provider.Malformed, provider.Malformed},
		{"a list", reply(200, json, `[]`), provider.Malformed, provider.Malformed},
		{"too much", reply(200, json, `{"access_token":"`+strings.Repeat(" ", 2<<20)+`"}`), provider.Unavailable, provider.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, _ := io.ReadAll(c.answer.Body)
			p := newProvider(t, settings("github"), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) {
				again := *c.answer
				again.Body = io.NopCloser(strings.NewReader(string(body)))
				return &again, nil
			})})
			g, err := p.Redeem(t.Context(), provider.Answer{Query: url.Values{"code": {"c"}}, RedirectURI: "https://b.example/"})
			kind(t, err, c.redeemed)
			if (g != nil) != (c.redeemed == "") || g != nil && g.Access.Reveal() != "a" {
				t.Errorf("got %+v", g)
			}
			g, err = p.Refresh(t.Context(), &provider.Grant{Access: secret.New("old"), Refresh: secret.New("r"), Scopes: []string{"s"}, Name: "n"})
			kind(t, err, c.renewed)
			if g != nil && (g.Refresh.Reveal() != "r" || g.Name != "n" || len(g.Scopes) == 0) {
				t.Errorf("got %+v", g)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	for in, want := range map[string]time.Time{
		`3600`: now.Add(time.Hour), `"3600"`: now.Add(time.Hour), `0`: now, `-5`: now, `1e300`: now.Add(10 * 365 * 24 * time.Hour),
		`"x"`: {}, `null`: {}, `true`: {}, `1.5`: now.Add(1500 * time.Millisecond), `"NaN"`: {},
	} {
		p := newProvider(t, settings("github"), provider.Parts{Fetch: transport(func(*http.Request) (*http.Response, error) {
			return reply(200, "application/json", `{"access_token":"a","expires_in":`+in+`}`), nil
		})})
		g, err := p.Redeem(t.Context(), provider.Answer{Query: url.Values{"code": {"c"}}})
		if err != nil || !g.Expiry.Equal(want) {
			t.Errorf("%s: %v, %v", in, g, err)
		}
	}
}

// Whatever a provider or transport writes into an error, no secret comes out.
func TestErrorsRepeatNoSecret(t *testing.T) {
	const code, verifier, token = "the-code-1c3d", "the-verifier-77aa-the-verifier-77aa-the-ver", "the-refresh-55ee"
	for name, f := range map[string]transport{
		"an answer": func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			return reply(400, "application/x-www-form-urlencoded", "error=strange&error_description="+url.QueryEscape(string(body)+r.Header.Get("Authorization"))), nil
		},
		"the code of an answer": func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			return reply(400, "application/x-www-form-urlencoded", url.Values{"error": {string(body)}}.Encode()), nil
		},
		"the transport": func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("cannot reach " + r.URL.Host)
		},
	} {
		p := newProvider(t, settings("github"), provider.Parts{Fetch: f})
		_, err := p.Redeem(t.Context(), provider.Answer{Query: url.Values{"code": {code}}, Verifier: verifier, RedirectURI: "https://b.example/"})
		_, err2 := p.Refresh(t.Context(), &provider.Grant{Access: secret.New("x"), Refresh: secret.New(token)})
		for _, s := range []string{code, verifier, token, canary} {
			if strings.Contains(err.Error()+err2.Error(), s) {
				t.Errorf("%s: %v, %v", name, err, err2)
			}
		}
		l := newProvider(t, settings("lastfm"), provider.Parts{Fetch: transport(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			form, _ := url.ParseQuery(string(body))
			return reply(200, "application/json", `{"error":6,"message":"`+form.Get("token")+form.Get("api_sig")+`"}`), nil
		})})
		if _, err := l.Redeem(t.Context(), provider.Answer{Token: code}); err == nil || err.Error() != "provider: malformed: auth.getSession: error 6: [redacted][redacted]" {
			t.Errorf("Last.fm: %v", err)
		}
	}
}
