package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
)

func TestUserinfoAnswers(t *testing.T) {
	for _, c := range vectors[tokenVector](t, "userinfo.json") {
		t.Run(c.Name, func(t *testing.T) {
			status, header, body := c.answer()
			o, err := parseUserinfo(status, header, body, "248289761001")
			want := map[string]error{"claims": nil, "refused": ErrUserinfo, "unavailable": ErrUnavailable}
			if !errors.Is(err, want[c.Expect]) || (o == nil) != (c.Expect != "claims") {
				t.Errorf("got %v, %v; want %s (%s)", o, err, c.Expect, c.Comment)
			}
		})
	}
}

func TestUserinfoIsAskedOnlyForWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name   string
		edit   func(*fake)
		wanted []string
		asked  int
	}{
		{"a wanted claim is missing", func(*fake) {}, []string{"email"}, 1},
		{"a wanted claim is null", func(f *fake) { f.idToken = nullEmail(f) }, []string{"email"}, 1},
		{"every wanted claim is there", func(f *fake) { f.claims["email"] = "a@example.com" }, []string{"email"}, 0},
		{"nothing is wanted", func(*fake) {}, nil, 0},
		{"the provider has no such endpoint", func(f *fake) { delete(f.metadata, "userinfo_endpoint") }, []string{"email"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			c.edit(f)
			if _, err := redeem(f.provider(func(o *Options) { o.UserinfoClaims = c.wanted })); err != nil {
				t.Fatal(err)
			}
			if n := f.count("/userinfo"); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
			if r := f.last["/userinfo"]; r != nil {
				if r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer "+testAccess || r.URL.RawQuery != "" {
					t.Errorf("%s %s, Authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
				}
			}
		})
	}
}

func nullEmail(f *fake) string {
	f.claims["email"] = json.RawMessage("null")
	return f.token()
}

// TestNoLoginWithoutUserinfo: a login that needs userinfo does not happen without.
func TestNoLoginWithoutUserinfo(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*fake)
		want error
	}{
		"sub of another user": {func(f *fake) { f.info["sub"] = "90125" }, ErrUserinfo},
		"500":                 {func(f *fake) { f.fail("/userinfo", 500) }, ErrUnavailable},
		"401":                 {func(f *fake) { f.fail("/userinfo", 401) }, ErrUserinfo},
		"no connection": {func(f *fake) {
			f.override["/userinfo"] = func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }
		}, ErrUnavailable},
		"too many groups": {func(f *fake) { f.info["groups"] = make([]string, 10_001) }, ErrUserinfo},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			c.edit(f)
			l, err := redeem(f.provider(func(o *Options) { o.UserinfoClaims = []string{"email"} }))
			if !errors.Is(err, c.want) || l != nil {
				t.Errorf("got %v, %v; want %v", l, err, c.want)
			}
		})
	}
}

func TestMergedClaims(t *testing.T) {
	for _, c := range []struct{ name, token, info, want string }{
		{"userinfo adds", `{"sub":"1"}`, `{"sub":"1","name":"Jane"}`, `{"name":"Jane","sub":"1"}`},
		{"the ID token wins", `{"name":"Jane"}`, `{"name":"Mallory"}`, `{"name":"Jane"}`},
		{"protocol claims stay", `{"iss":"a","sub":"1","aud":"c","exp":1}`, `{"iss":"b","sub":"2","aud":"d","exp":2}`, `{"aud":"c","exp":1,"iss":"a","sub":"1"}`},
		{"verified address from userinfo", `{}`, `{"email":"a@x","email_verified":true}`, `{"email":"a@x","email_verified":true}`},
		{"address in both, verified in userinfo", `{"email":"a@x"}`, `{"email":"a@x","email_verified":true}`, `{"email":"a@x","email_verified":true}`},
		{"another address verified in userinfo", `{"email":"a@x"}`, `{"email":"b@x","email_verified":true}`, `{"email":"a@x"}`},
		{"verified without an address in the ID token", `{"email_verified":true}`, `{"email":"b@x"}`, `{"email":"b@x"}`},
		{"verified in the ID token, denied in userinfo", `{"email":"a@x","email_verified":true}`, `{"email":"a@x","email_verified":false}`, `{"email":"a@x","email_verified":true}`},
		{"verified without any address in userinfo", `{"email":"a@x"}`, `{"email_verified":true}`, `{"email":"a@x"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			merged := merge(must(parseObject([]byte(c.token))), must(parseObject([]byte(c.info))))
			if got := string(must(json.Marshal(merged))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
