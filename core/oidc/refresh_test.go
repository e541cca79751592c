package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"gatehouse/core/secret"
)

func TestRefreshSendsTheTokenAndTakesTheAnswer(t *testing.T) {
	f := newFake(t)
	p := f.provider(nil)
	before, err := redeem(p)
	if err != nil {
		t.Fatal(err)
	}
	delete(f.claims, "nonce")
	f.claims["groups"] = []string{"staff"}
	l, err := p.Refresh(context.Background(), Refreshing{RefreshToken: before.RefreshToken, IDToken: before.IDToken})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := url.ParseQuery(f.bodies["/token"])
	if err != nil || sent.Get("grant_type") != "refresh_token" || sent.Get("refresh_token") != testRefresh || len(sent) != 2 {
		t.Errorf("sent %v", sent)
	}
	if l.Identity.Subject != "248289761001" || len(l.Identity.Groups) != 1 || l.AccessToken.Empty() || l.RefreshToken.Empty() || l.IDToken.Empty() || l.AccessTokenExpiry.IsZero() {
		t.Errorf("got %+v", l)
	}
}

// OpenID Connect Core 1.0, section 12.2.
func TestRefreshedIDTokens(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes map[string]any
		good    bool
	}{
		{"as at the login", nil, true},
		{"without nonce", map[string]any{"nonce": nil}, true},
		{"another nonce", map[string]any{"nonce": "another"}, false},
		{"nonce of another type", map[string]any{"nonce": 1}, false},
		{"another issuer", map[string]any{"iss": "https://evil.example"}, false},
		{"no issuer", map[string]any{"iss": nil}, false},
		{"another subject", map[string]any{"sub": "mallory"}, false},
		{"no subject", map[string]any{"sub": nil}, false},
		{"another audience", map[string]any{"aud": "another"}, false},
		{"several audiences without azp", map[string]any{"aud": []string{testClient, "another"}}, false},
		{"another azp", map[string]any{"azp": "another"}, false},
		{"no iat", map[string]any{"iat": nil}, false},
		{"iat in the future", map[string]any{"iat": testNow + 3600}, false},
		{"expired", map[string]any{"exp": testNow - 3600}, false},
		{"the same auth_time", map[string]any{"auth_time": testNow - 60}, true},
		{"a later auth_time", map[string]any{"auth_time": testNow}, true},
		{"an earlier auth_time", map[string]any{"auth_time": testNow - 3600}, false},
		{"at_hash of another token", map[string]any{"at_hash": "AAAA"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			p := f.provider(nil)
			f.claims["auth_time"] = testNow - 60
			before, err := redeem(p)
			if err != nil {
				t.Fatal(err)
			}
			f.claims = with(f.claims, c.changes)
			l, err := p.Refresh(context.Background(), Refreshing{RefreshToken: before.RefreshToken, IDToken: before.IDToken})
			if c.good != (err == nil) || !c.good && (!errors.Is(err, ErrIDToken) || l != nil) {
				t.Errorf("got %v, %v", l, err)
			}
		})
	}
}

// The refresh token is used up: what came with the answer is not lost to a failure
// elsewhere, and nobody is believed without a signature.
func TestRefreshKeepsTokensWhenNothingElseCanBeHad(t *testing.T) {
	for name, breakIt := range map[string]func(f *fake){
		"no ID token": func(f *fake) {
			f.override["/token"] = func(*http.Request) (*http.Response, error) {
				return jsonAnswer(map[string]any{"access_token": "new", "token_type": "Bearer"}), nil
			}
		},
		"userinfo is down": func(f *fake) { f.claims["email"] = nil; f.fail("/userinfo", 503) },
		"keys are down": func(f *fake) {
			f.fail("/keys", 503)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			p := f.provider(func(o *Options) { o.UserinfoClaims = []string{"email"} })
			f.claims["email"] = "janedoe@example.com"
			before, err := redeem(p)
			if err != nil {
				t.Fatal(err)
			}
			f.claims = with(f.claims, nil)
			breakIt(f)
			if f.claims["email"] == nil {
				delete(f.claims, "email")
			}
			// A process that has no documents yet.
			p = f.provider(func(o *Options) { o.UserinfoClaims = []string{"email"} })
			l, err := p.Refresh(context.Background(), Refreshing{RefreshToken: before.RefreshToken, IDToken: before.IDToken})
			if err != nil || l.AccessToken.Empty() || l.Identity.Subject != "" || !l.IDToken.Empty() {
				t.Errorf("got %+v, %v", l, err)
			}
		})
	}
}

func TestRefreshRefusals(t *testing.T) {
	f := newFake(t)
	p := f.provider(nil)
	before, err := redeem(p)
	if err != nil {
		t.Fatal(err)
	}
	f.override["/token"] = func(*http.Request) (*http.Response, error) {
		return answer(http.StatusBadRequest, "application/json", `{"error":"invalid_grant"}`), nil
	}
	var refused *TokenError
	if _, err := p.Refresh(context.Background(), Refreshing{RefreshToken: before.RefreshToken, IDToken: before.IDToken}); !errors.As(err, &refused) || refused.Code != "invalid_grant" {
		t.Errorf("got %v", err)
	}
	f.fail("/token", 503)
	if _, err := p.Refresh(context.Background(), Refreshing{RefreshToken: before.RefreshToken, IDToken: before.IDToken}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	asked := f.count("/token")
	for _, r := range []Refreshing{{}, {RefreshToken: before.RefreshToken}, {IDToken: before.IDToken}, {RefreshToken: before.RefreshToken, IDToken: secret.New("a.b.c")}} {
		if _, err := p.Refresh(context.Background(), r); err == nil {
			t.Error("incomplete, accepted")
		}
	}
	if f.count("/token") != asked {
		t.Error("incomplete, and sent")
	}
}
