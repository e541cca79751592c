package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/bearer"
)

var testAudiences = []string{"https://api.example.com", testClient}

// accessTokens makes f issue access tokens instead of ID tokens.
func accessTokens(f *fake) {
	f.header = map[string]any{"typ": "at+jwt"}
	f.claims = map[string]any{
		"iss": testIssuer, "sub": "248289761001", "aud": "https://api.example.com", "exp": testNow + 300, "iat": testNow,
		"client_id": "s6BhdRkqt3", "jti": "dbe39bf3a3ba4238a513f51d6e1691c4", "scope": "openid profile reademail", "groups": []string{"a"},
	}
}

// TestAccessTokens: an empty want is a valid token; D19 and D20 are among the others.
func TestAccessTokens(t *testing.T) {
	change := func(name string, value any) func(*fake) {
		return func(f *fake) { f.claims = with(f.claims, map[string]any{name: value}) }
	}
	typed := func(typ any) func(*fake) {
		return func(f *fake) { f.header = map[string]any{"typ": typ} }
	}
	forged := func(header string) func(*fake) {
		return func(f *fake) { f.idToken = forge(f.token(), header) }
	}
	for _, c := range []struct {
		name string
		edit func(*fake)
		opts func(*Options)
		want string
	}{
		{name: "RS256", edit: func(*fake) {}},
		{name: "ES256", edit: func(f *fake) {
			f.signer = signer{"ec", jose.ES256, ecKey()}
			f.published = append(f.published, f.signer)
		}},
		{name: "PS256, whatever the provider lists for ID tokens", edit: func(f *fake) { f.signer = signer{"k1", jose.PS256, rsaKey()} }},
		{name: "typ application/at+jwt", edit: typed("application/at+jwt")},
		{name: "typ in upper case", edit: typed("AT+JWT")},
		{name: "several audiences", edit: change("aud", []string{"other", testClient})},
		{name: "expired within the skew", edit: change("exp", testNow-29)},

		{name: "an ID token (D19)", want: "typ is not at+jwt", edit: func(f *fake) { f.header, f.claims = map[string]any{"typ": "JWT"}, baseClaims() }},
		{name: "an ID token without typ (D19)", want: "typ is not at+jwt", edit: func(f *fake) { f.header, f.claims = nil, baseClaims() }},
		{name: "an ID token that calls itself an access token", want: "client_id is missing", edit: func(f *fake) { f.claims = baseClaims() }},
		{name: "typ JWT (D19)", want: "typ is not at+jwt", edit: typed("JWT")},
		{name: "typ missing (D19)", want: "typ is not at+jwt", edit: func(f *fake) { f.header = nil }},
		{name: "typ a logout token's", want: "typ is not at+jwt", edit: typed("logout+jwt")},
		{name: "typ with a prefix", want: "typ is not at+jwt", edit: typed("text/at+jwt")},
		{name: "typ an introspection answer's (RFC 9701)", want: "typ is not at+jwt", edit: typed("token-introspection+jwt")},
		{name: "aud of another API (D19)", want: "aud is none of ours", edit: change("aud", "https://other.example.com")},
		{name: "aud missing", want: "aud is missing or malformed", edit: change("aud", nil)},
		{name: "aud missing, token of our client", want: "aud is missing or malformed", edit: func(f *fake) {
			f.claims = with(f.claims, map[string]any{"aud": nil, "client_id": testClient, "token_type": "Bearer"})
		}},
		{name: "exp missing (D20)", want: "exp is missing", edit: change("exp", nil)},
		{name: "exp a text", want: "exp is malformed", edit: change("exp", "never")},
		{name: "expired", want: "expired", edit: change("exp", testNow-30)},
		{name: "iat missing", want: "iat is missing", edit: change("iat", nil)},
		{name: "iat in the future", want: "issued in the future", edit: change("iat", testNow+31)},
		{name: "nbf in the future", want: "not valid yet", edit: change("nbf", testNow+31)},
		{name: "iss missing", want: "iss is missing", edit: change("iss", nil)},
		{name: "iss of another", want: "iss is not the issuer", edit: change("iss", "https://evil.example")},
		{name: "sub missing", want: "sub is missing or malformed", edit: change("sub", nil)},
		{name: "client_id missing", want: "client_id is missing", edit: change("client_id", nil)},
		{name: "client_id empty", want: "client_id is malformed", edit: change("client_id", "")},
		{name: "bound to a key (G10)", want: "bound to a key", edit: change("cnf", map[string]any{"jkt": "x"})},

		{name: "alg none (D7)", want: "alg is not accepted", edit: forged(`{"alg":"none","typ":"at+jwt"}`)},
		{name: "alg None (D7)", want: "alg is not accepted", edit: forged(`{"alg":"None","typ":"at+jwt"}`)},
		{name: "alg absent", want: "alg is not accepted", edit: forged(`{"typ":"at+jwt"}`)},
		{name: "HS256 with the client secret (D8)", want: "alg is not accepted", edit: func(f *fake) {
			f.idToken = signer{"k1", jose.HS256, []byte(testSecret + testSecret + testSecret)}.sign(t, f.header, must(json.Marshal(f.claims)))
		}},
		{name: "algorithm that is not configured", want: "alg is not accepted", edit: func(*fake) {}, opts: func(o *Options) { o.Algorithms = []string{"ES256"} }},
		{name: "crit", want: "crit in the header", edit: forged(`{"alg":"RS256","typ":"at+jwt","crit":["exp"]}`)},
		{name: "typ twice", want: "header is not a plain JSON object", edit: forged(`{"alg":"RS256","typ":"JWT","typ":"at+jwt"}`)},
		{name: "signature of another key", want: "bad signature", edit: func(f *fake) { f.signer = signer{"k1", jose.RS256, rsaOther()} }},
		{name: "typ changed after signing", want: "bad signature", edit: func(f *fake) {
			f.header = map[string]any{"typ": "JWT"}
			f.idToken = forge(f.token(), `{"alg":"RS256","kid":"k1","typ":"at+jwt"}`)
		}},
		{name: "kid of no key", want: "no such key", edit: func(f *fake) { f.signer.kid = "k9" }},
		{name: "encrypted", want: "not a compact JWS", edit: func(f *fake) { f.idToken = "e30.e30.e30.e30.e30" }},
		{name: "opaque", want: "not a compact JWS", edit: func(f *fake) { f.idToken = "mF_9" }},
		{name: "longer than 16 KiB", want: "malformed", edit: func(f *fake) { f.idToken = strings.Repeat("x", bearer.MaxCredentials+1) }},
		{name: "with a space", want: "malformed", edit: func(f *fake) { f.idToken = f.token() + " x" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			accessTokens(f)
			c.edit(f)
			token, err := f.provider(c.opts).VerifyAccessToken(t.Context(), f.token(), testAudiences)
			if (token == nil) != (err != nil) {
				t.Fatalf("token %v with error %v", token, err)
			}
			got := ""
			var invalid *bearer.InvalidError
			if errors.As(err, &invalid) {
				got = invalid.Reason
			} else if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhatAnAccessTokenSays(t *testing.T) {
	f := newFake(t)
	accessTokens(f)
	token, err := f.provider(nil).VerifyAccessToken(t.Context(), f.token(), testAudiences)
	if err != nil {
		t.Fatal(err)
	}
	if token.ClientID != "s6BhdRkqt3" || !slices.Equal(token.Scopes, []string{"openid", "profile", "reademail"}) || !token.Expiry.Equal(time.Unix(testNow+300, 0)) || len(token.Ref) != 43 {
		t.Errorf("got %+v", token)
	}
	if id := token.Identity; id.Issuer != testIssuer || id.Subject != "248289761001" || !slices.Equal(id.Groups, []string{"a"}) {
		t.Errorf("identity %+v", id)
	}
	if _, err := f.provider(nil).VerifyAccessToken(t.Context(), f.token(), nil); !errors.Is(err, bearer.ErrInvalid) {
		t.Errorf("without an audience: %v", err)
	}
	if _, err := f.provider(nil).VerifyAccessToken(t.Context(), "", testAudiences); !errors.Is(err, bearer.ErrMissing) {
		t.Errorf("empty: %v", err)
	}
}

func TestAccessTokensOfOthersCauseNoFetch(t *testing.T) {
	f := newFake(t)
	accessTokens(f)
	f.claims["iss"] = "https://evil.example"
	if _, err := f.provider(nil).VerifyAccessToken(t.Context(), f.token(), testAudiences); !errors.Is(err, bearer.ErrInvalid) || len(f.asked) != 0 {
		t.Errorf("asked %v, error %v", f.asked, err)
	}
}

func TestAccessTokensWhileTheProviderIsDown(t *testing.T) {
	f := newFake(t)
	accessTokens(f)
	p := f.provider(nil)
	f.fail("/keys", 500)
	if _, err := p.VerifyAccessToken(t.Context(), f.token(), testAudiences); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without keys: %v", err)
	}
	clear(f.override)
	if _, err := p.VerifyAccessToken(t.Context(), f.token(), testAudiences); err != nil {
		t.Error(err)
	}
}

func TestAccessTokensWithUnknownKeysShareTheCooldown(t *testing.T) {
	f := newFake(t)
	accessTokens(f)
	f.signer = signer{"k1", jose.EdDSA, edKey()}
	f.published = []signer{f.signer}
	p := f.provider(nil)
	if _, err := p.VerifyAccessToken(t.Context(), f.token(), testAudiences); err != nil {
		t.Fatal(err)
	}
	before := f.count("/keys")
	for n := range 200 {
		f.signer.kid = fmt.Sprint("unknown-", n)
		if _, err := p.VerifyAccessToken(t.Context(), f.token(), testAudiences); !errors.Is(err, bearer.ErrInvalid) {
			t.Fatal(err)
		}
	}
	if n := f.count("/keys") - before; n != 1 {
		t.Errorf("200 unknown ids caused %d fetches", n)
	}
}

func TestPrivateKeyJWTAtTheTokenEndpoint(t *testing.T) {
	f := newFake(t)
	const assertion = "canary.client.assertion"
	p := f.provider(func(o *Options) {
		o.ClientAuth = PrivateKeyJWT
		o.Assertion = func(_ context.Context, audience string) (string, error) {
			if audience != testIssuer {
				t.Errorf("audience %q", audience)
			}
			return assertion, nil
		}
	})
	if _, err := redeem(p); err != nil {
		t.Fatal(err)
	}
	form := must(url.ParseQuery(f.bodies["/token"]))
	if form.Get("client_assertion") != assertion || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" ||
		form.Has("client_secret") || f.last["/token"].Header.Get("Authorization") != "" {
		t.Errorf("sent %v %v", f.last["/token"].Header, form)
	}
	f.override["/token"] = func(*http.Request) (*http.Response, error) {
		return answer(401, "application/json", `{"error":"`+assertion+`"}`), nil
	}
	if _, err := redeem(p); !errors.Is(err, ErrTokenRefused) || strings.Contains(err.Error(), assertion) {
		t.Errorf("got %v", err)
	}
	without := f.provider(func(o *Options) { o.ClientAuth = PrivateKeyJWT })
	if _, err := redeem(without); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a key: %v", err)
	}
}

func FuzzAccessToken(f *testing.F) {
	op := newFake(f)
	accessTokens(op)
	op.signer = signer{"k1", jose.EdDSA, edKey()}
	op.published = []signer{op.signer}
	good := op.token()
	f.Add(good)
	f.Add(forge(good, `{"alg":"none","typ":"at+jwt"}`))
	op.header = nil
	f.Add(op.token())
	p := op.provider(nil)
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := p.VerifyAccessToken(context.Background(), raw, testAudiences)
		if (token == nil) != (err != nil) {
			t.Fatalf("token %v with error %v", token, err)
		}
		if err == nil && raw != good {
			t.Fatalf("accepted %q", raw)
		}
		if err != nil && !errors.Is(err, bearer.ErrInvalid) && !errors.Is(err, bearer.ErrMissing) {
			t.Fatalf("error %v", err)
		}
	})
}
