package oidc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/core/pkce"
	"gatehouse/core/secret"
)

type tokenVector struct {
	Name, Expect, Comment string
	Status                int
	Type                  string
	Document              json.RawMessage
	Raw                   string
	Expires               int64 // seconds from now; 0 means unknown unless Expired
	Expired               bool
	Code, Description     string
}

func (c tokenVector) answer() (int, http.Header, []byte) {
	status, kind, body := http.StatusOK, "application/json", []byte(c.Document)
	if c.Status != 0 {
		status = c.Status
	}
	if c.Type != "" {
		kind = c.Type
	}
	if c.Raw != "" {
		body = []byte(c.Raw)
	}
	return status, http.Header{"Content-Type": {kind}}, body
}

func TestTokenAnswers(t *testing.T) {
	now := time.Unix(testNow, 0)
	for _, c := range vectors[tokenVector](t, "token_answers.json") {
		t.Run(c.Name, func(t *testing.T) {
			status, header, body := c.answer()
			a, err := parseTokenAnswer(status, header, body, now, "the/code", "")
			if (a == nil) != (err != nil) {
				t.Fatalf("answer %v with error %v", a, err)
			}
			switch c.Expect {
			case "tokens":
				if err != nil {
					t.Fatalf("%v (%s)", err, c.Comment)
				}
				want := time.Time{}
				if c.Expires != 0 || c.Expired {
					want = now.Add(time.Duration(c.Expires) * time.Second)
				}
				if !a.Expiry.Truncate(time.Second).Equal(want) {
					t.Errorf("expiry is %v, want %v (%s)", a.Expiry, want, c.Comment)
				}
			case "unavailable":
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v, want ErrUnavailable (%s)", err, c.Comment)
				}
			case "refused":
				var e *TokenError
				if !errors.Is(err, ErrTokenRefused) || !errors.As(err, &e) {
					t.Fatalf("got %v, want ErrTokenRefused (%s)", err, c.Comment)
				}
				if e.Code != c.Code || e.Description != c.Description || e.Status != status {
					t.Errorf("got %+v (%s)", e, c.Comment)
				}
			default:
				t.Fatalf("expect %q is unknown", c.Expect)
			}
		})
	}
}

func TestTokenErrorIsBounded(t *testing.T) {
	body := must(json.Marshal(map[string]string{"error": strings.Repeat("e", 1000), "error_description": strings.Repeat("é\n", 1000)}))
	_, err := parseTokenAnswer(400, http.Header{}, body, time.Unix(testNow, 0))
	if len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("%d bytes: %q", len(err.Error()), err)
	}
}

func TestTokenRequest(t *testing.T) {
	for _, c := range []struct {
		name, method, authorization string
		form                        url.Values
	}{
		{"client_secret_basic", "", "Basic NzgzNjY0MDE1NzE5MjA1MjIlNDBhbWNlOnZlcnl3ZWFrc2VjcmV0JTIx", url.Values{}},
		{"client_secret_post", ClientSecretPost, "", url.Values{"client_id": {testClient}, "client_secret": {testSecret}}},
		{"none", ClientAuthNone, "", url.Values{"client_id": {testClient}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			if _, err := redeem(f.provider(func(o *Options) { o.ClientAuth = c.method })); err != nil {
				t.Fatal(err)
			}
			r := f.last["/token"]
			if r.Method != http.MethodPost || r.URL.String() != testIssuer+"/token" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "Authorization": c.authorization,
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			c.form.Set("grant_type", "authorization_code")
			c.form.Set("code", testCode)
			c.form.Set("redirect_uri", testRedirect)
			c.form.Set("code_verifier", testVerifier.Reveal())
			if got := f.bodies["/token"]; got != c.form.Encode() {
				t.Errorf("body is %q, want %q", got, c.form.Encode())
			}
		})
	}
}

func TestTokenEndpointKeepsItsQueryAndNothingElse(t *testing.T) {
	f := newFake(t)
	f.metadata["token_endpoint"] = testIssuer + "/token?tenant=a"
	if _, err := redeem(f.provider(nil)); err != nil {
		t.Fatal(err)
	}
	if got := f.last["/token"].URL.RawQuery; got != "tenant=a" {
		t.Errorf("query is %q", got)
	}
}

func TestRefusedRedirectIsNotFollowed(t *testing.T) {
	f := newFake(t)
	f.override["/token"] = func(*http.Request) (*http.Response, error) {
		r := answer(307, "application/json", "")
		r.Header.Set("Location", testIssuer+"/token2")
		return r, nil
	}
	if _, err := redeem(f.provider(nil)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if f.count("/token") != 1 || f.count("/token2") != 0 {
		t.Errorf("asked %v", f.asked)
	}
}

// TestNothingSecretInErrorsAndLogs lets a hostile provider and transport repeat all
// they were sent, everywhere.
func TestNothingSecretInErrorsAndLogs(t *testing.T) {
	secrets := []string{
		testCode, testSecret, url.QueryEscape(testSecret), testVerifier.Reveal(), testAccess, testRefresh,
		base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(testClient) + ":" + url.QueryEscape(testSecret))),
	}
	echo := func(status int) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) {
			all := strings.Join(secrets, " ")
			return answer(status, "application/json", string(must(json.Marshal(map[string]any{
				"error": all, "error_description": all, "iss": all, "sub": all,
			})))), nil
		}
	}
	var token string
	for name, edit := range map[string]func(*fake){
		"token endpoint refuses":     func(f *fake) { f.override["/token"] = echo(400) },
		"token endpoint fails":       func(f *fake) { f.override["/token"] = echo(500) },
		"token endpoint echoes":      func(f *fake) { f.override["/token"] = echo(200) },
		"userinfo refuses":           func(f *fake) { f.override["/userinfo"] = echo(401) },
		"userinfo echoes":            func(f *fake) { f.override["/userinfo"] = echo(200) },
		"keys echo":                  func(f *fake) { f.override["/keys"] = echo(200) },
		"ID token of another issuer": func(f *fake) { f.claims["iss"] = testAccess },
		"ID token with a bad kid":    func(f *fake) { f.signer.kid = testAccess },
		"ID token with a bad alg":    func(f *fake) { f.idToken = forge(f.token(), `{"alg":"`+testAccess+`"}`) },
		"transport repeats the request": func(f *fake) {
			f.override["/token"] = func(r *http.Request) (*http.Response, error) {
				return nil, &url.Error{Op: "Post", URL: r.URL.String() + "?code=" + testCode, Err: errors.New("reset")}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			edit(f)
			token = f.token()
			_, err := redeem(f.provider(func(o *Options) {
				o.UserinfoClaims, o.Store = []string{"email"}, testStore(f, faulty{err: errors.New("store down")})
			}))
			if err == nil {
				t.Fatal("no error")
			}
			for _, s := range append(secrets, token) {
				// The access token that the provider writes into its own words is its own.
				if s == testAccess && strings.Contains(name, "token endpoint") || s == testRefresh {
					continue
				}
				if strings.Contains(err.Error(), s) || strings.Contains(f.log.String(), s) {
					t.Errorf("%q shows in %q or the log %q", s, err, f.log.String())
				}
			}
		})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	l := Login{AccessToken: secret.New("access-token"), IDToken: secret.New("id-token"), RefreshToken: secret.New("refresh-token")}
	r := Redemption{Code: "code", Verifier: pkce.NewVerifier()}
	p := newFake(t).provider(nil)
	for _, text := range []string{
		string(must(json.Marshal(l))), string(must(json.Marshal(r))),
		fmt.Sprintf("%+v %#v", l, l), fmt.Sprintf("%+v %#v", r, r),
		fmt.Sprintf("%v %+v %#v %s", p, p, p, p), fmt.Sprintf("%+v", newFake(t).options(nil).ClientSecret),
	} {
		if strings.Contains(text, "-token") || strings.Contains(text, r.Verifier.Reveal()) || strings.Contains(text, testSecret) {
			t.Error(text)
		}
	}
}
