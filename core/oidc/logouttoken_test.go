package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func logoutClaims(f *fake) map[string]any {
	base := baseClaims()
	return map[string]any{
		"iss": base["iss"], "aud": base["aud"], "sub": base["sub"], "sid": "s-1", "jti": "j-1",
		"iat": f.Now().Unix(), "exp": f.Now().Unix() + 120, "events": map[string]any{logoutEvent: map[string]any{}},
	}
}

func TestLogoutToken(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes map[string]any
		remove  string
		header  map[string]any
		want    string // "" when the token is good
	}{
		{name: "sid and sub"},
		{name: "sid only", remove: "sub"},
		{name: "sub only", remove: "sid"},
		{name: "typ", header: map[string]any{"typ": "logout+jwt"}},
		{name: "typ as a media type", header: map[string]any{"typ": "application/logout+jwt"}},
		{name: "typ JWT", header: map[string]any{"typ": "JWT"}},
		{name: "another event beside", changes: map[string]any{"events": map[string]any{logoutEvent: map[string]any{}, "https://x.example": 1}}},
		{name: "typ of an access token", header: map[string]any{"typ": "at+jwt"}, want: "typ is not logout+jwt"},
		{name: "typ not text", header: map[string]any{"typ": 1}, want: "typ is not logout+jwt"},
		{name: "no sid, no sub", remove: "sub", changes: map[string]any{"sid": nil}, want: "sid is malformed"},
		{name: "nonce null", changes: map[string]any{"nonce": nil}, want: "nonce in a logout token"},
		{name: "events text", changes: map[string]any{"events": logoutEvent}, want: "events is missing or malformed"},
		{name: "events an array", changes: map[string]any{"events": []string{logoutEvent}}, want: "events is missing or malformed"},
		{name: "event null", changes: map[string]any{"events": map[string]any{logoutEvent: nil}}, want: "events is not about a logout"},
		{name: "event an array", changes: map[string]any{"events": map[string]any{logoutEvent: []int{}}}, want: "events is not about a logout"},
		{name: "jti a number", changes: map[string]any{"jti": 1}, want: "jti is missing or malformed"},
		{name: "jti empty", changes: map[string]any{"jti": ""}, want: "jti is missing or malformed"},
		{name: "sub a number", changes: map[string]any{"sub": 1}, want: "sub is malformed"},
		{name: "sid empty", changes: map[string]any{"sid": ""}, want: "sid is malformed"},
		{name: "issued yesterday", changes: map[string]any{"iat": 1}, want: "issued too long ago"},
		{name: "several aud without azp", changes: map[string]any{"aud": []string{baseClaims()["aud"].(string), "x"}}, want: "several aud without azp"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			claims := with(logoutClaims(f), test.changes)
			for name, v := range test.changes {
				claims[name] = v // with may take null for "remove"
			}
			delete(claims, test.remove)
			l, err := f.provider(nil).VerifyLogoutToken(t.Context(), f.signer.sign(t, test.header, must(json.Marshal(claims))))
			var refused *LogoutTokenError
			switch {
			case test.want == "" && (err != nil || l.ID != "j-1" || l.Issued.Unix() != f.Now().Unix()):
				t.Errorf("got %+v, %v", l, err)
			case test.want != "" && (!errors.As(err, &refused) || refused.Reason != test.want || l != nil):
				t.Errorf("got %+v, %v", l, err)
			}
			if test.want != "" && f.count("/keys") != 0 {
				t.Error("keys were fetched for a token whose claims are wrong")
			}
		})
	}
}

func TestForgedLogoutTokensFetchKeysOncePerMinute(t *testing.T) {
	f := newFake(t)
	p := f.provider(nil)
	forged := signer{"made-up", jose.RS256, rsaOther()}.sign(t, nil, must(json.Marshal(logoutClaims(f))))
	fetches := func() int {
		before := f.count("/keys")
		for range 50 {
			if _, err := p.VerifyLogoutToken(t.Context(), forged); !errors.Is(err, ErrLogoutToken) {
				t.Fatal(err)
			}
		}
		return f.count("/keys") - before
	}
	fetches()
	f.advance(time.Minute - time.Second)
	if n := fetches(); n > 1 {
		t.Errorf("%d fetches for 50 forged tokens", n)
	}
}

// FuzzLogoutToken: whatever is posted, there is a logout or an error of its kind, and a
// logout always names somebody.
func FuzzLogoutToken(f *testing.F) {
	op := newFake(f)
	op.signer = signer{"k1", jose.EdDSA, edKey()}
	op.published = []signer{op.signer}
	good := op.signer.sign(f, nil, must(json.Marshal(logoutClaims(op))))
	f.Add(good)
	f.Add(forge(good, `{"alg":"none"}`))
	f.Add(forge(good, `{"alg":"EdDSA","typ":"at+jwt"}`))
	f.Add(op.token())
	p := op.provider(nil)
	must(p.Metadata(context.Background()))
	f.Fuzz(func(t *testing.T, raw string) {
		l, err := p.VerifyLogoutToken(context.Background(), raw)
		switch {
		case (l == nil) != (err != nil), err != nil && !errors.Is(err, ErrLogoutToken):
			t.Fatalf("%v with error %v", l, err)
		case err == nil && (l.ID == "" || l.Subject == "" && l.SessionID == ""):
			t.Fatalf("a logout of nobody: %+v", l)
		}
	})
}

// FuzzLogoutClaims: the same for what the provider's own key may have signed.
func FuzzLogoutClaims(f *testing.F) {
	op := newFake(f)
	f.Add(must(json.Marshal(logoutClaims(op))))
	f.Add([]byte(`{"events":{}}`))
	p := op.provider(nil)
	f.Fuzz(func(t *testing.T, payload []byte) {
		claims, err := parseObject(payload)
		if err != nil {
			return
		}
		if l, reason := p.logoutClaims(claims); (l == nil) != (reason != "") || l != nil && (l.ID == "" || l.Subject == "" && l.SessionID == "") {
			t.Fatalf("%+v with reason %q", l, reason)
		}
	})
}
