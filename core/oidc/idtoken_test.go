package oidc

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func segment(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// forge replaces a token's header and keeps the rest.
func forge(token, header string) string {
	parts := strings.Split(token, ".")
	return segment(header) + "." + parts[1] + "." + parts[2]
}

func reasonOf(err error) string {
	var refused *IDTokenError
	if errors.As(err, &refused) {
		return refused.Reason
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestIDTokens sends each token through a whole redemption. An empty want is a login.
func TestIDTokens(t *testing.T) {
	spki := func(f *fake) []byte { return must(x509.MarshalPKIXPublicKey(rsaKey().Public())) }
	hmac := func(f *fake, key []byte) {
		f.idToken = signer{"k1", jose.HS256, key}.sign(t, nil, must(json.Marshal(f.claims)))
	}
	for _, c := range []struct {
		name string
		edit func(*fake)
		opts func(*Options)
		want string
	}{
		{name: "RS256", edit: func(f *fake) {}},
		{name: "ES256", edit: func(f *fake) {
			f.signer = signer{"ec", jose.ES256, ecKey()}
			f.published = append(f.published, f.signer)
		}},
		{name: "EdDSA", edit: func(f *fake) {
			f.signer = signer{"ed", jose.EdDSA, edKey()}
			f.published = append(f.published, f.signer)
		}},
		{name: "ES512 when it is configured and the provider lists nothing", edit: func(f *fake) {
			f.signer = signer{"ec", jose.ES512, ec521()}
			f.published = append(f.published, f.signer)
			delete(f.metadata, "id_token_signing_alg_values_supported")
		}, opts: func(o *Options) { o.Algorithms = []string{"ES512"} }},
		{name: "typ JWT", edit: func(f *fake) { f.header = map[string]any{"typ": "JWT"} }},
		{name: "typ in lower case", edit: func(f *fake) { f.header = map[string]any{"typ": "jwt"} }},
		{name: "unknown header parameter", edit: func(f *fake) { f.header = map[string]any{"x": 1, "jku": "https://evil.example/keys"} }},

		// D6
		{name: "signature of another key under the same kid", want: "bad signature", edit: func(f *fake) {
			f.signer = signer{"k1", jose.RS256, rsaOther()}
		}},
		{name: "signature of a key in the token's own header", want: "bad signature", edit: func(f *fake) {
			f.signer = signer{"k1", jose.RS256, rsaOther()}
			f.header = map[string]any{"jwk": f.signer.key}
		}},
		{name: "public key in the token's own header", want: "bad signature", edit: func(f *fake) {
			f.signer = signer{"k1", jose.RS256, rsaOther()}
			public := f.signer.public()
			f.header = map[string]any{"jwk": public}
		}},
		{name: "payload changed after signing", want: "bad signature", edit: func(f *fake) {
			parts := strings.Split(f.token(), ".")
			parts[1] = segment(string(must(json.Marshal(with(f.claims, map[string]any{"sub": "admin"})))))
			f.idToken = strings.Join(parts, ".")
		}},
		{name: "signature missing", want: "bad signature", edit: func(f *fake) {
			f.idToken = f.token()[:strings.LastIndex(f.token(), ".")+1]
		}},

		// D7
		{name: "alg none", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"none"}`) }},
		{name: "alg none without signature", want: "alg is not accepted", edit: func(f *fake) {
			f.idToken = segment(`{"alg":"none"}`) + "." + strings.Split(f.token(), ".")[1] + "."
		}},
		{name: "alg None", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"None"}`) }},
		{name: "alg NONE", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"NONE"}`) }},
		{name: "alg empty", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":""}`) }},
		{name: "alg absent", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"kid":"k1"}`) }},
		{name: "alg null", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":null}`) }},
		{name: "alg an array", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":["RS256"]}`) }},
		{name: "alg in lower case", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"rs256","kid":"k1"}`) }},
		{name: "alg with a space", want: "alg is not accepted", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"RS256 ","kid":"k1"}`) }},
		{name: "none configured", want: "alg is not accepted",
			edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"none"}`) },
			opts: func(o *Options) { o.Algorithms = []string{"none", "HS256", "RS256"} }},

		// D8
		{name: "HS256 with the RSA key in DER", want: "alg is not accepted", edit: func(f *fake) { hmac(f, spki(f)) }},
		{name: "HS256 with the RSA key in PEM", want: "alg is not accepted", edit: func(f *fake) {
			hmac(f, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(f)}))
		}},
		{name: "HS256 with the client secret", want: "alg is not accepted", edit: func(f *fake) {
			hmac(f, []byte(testSecret+testSecret+testSecret))
		}, opts: func(o *Options) { o.Algorithms = []string{"HS256"} }},
		{name: "ES256 named for an RSA key", want: "no such key", edit: func(f *fake) {
			f.signer = signer{"k1", jose.ES256, ecKey()}
		}},
		{name: "PS256 where the provider does not list it", want: "alg is not accepted", edit: func(f *fake) {
			f.signer = signer{"k1", jose.PS256, rsaKey()}
		}},
		{name: "RS512 where it is not configured", want: "alg is not accepted", edit: func(f *fake) {
			f.signer = signer{"k1", jose.RS512, rsaKey()}
			f.metadata["id_token_signing_alg_values_supported"] = []string{"RS512"}
		}},
		{name: "ES256 named for a P-384 key", want: "no such key", edit: func(f *fake) {
			f.published = []signer{{"k1", jose.ES384, ec384()}}
			f.signer = signer{"k1", jose.ES256, ecKey()}
		}},

		// D10
		{name: "no kid and one key", edit: func(f *fake) { f.signer.kid = "" }},
		{name: "no kid and several keys that fit", want: "no kid, and not exactly one key fits", edit: func(f *fake) {
			f.signer.kid = ""
			f.published = append(f.published, signer{"k2", jose.RS256, rsaOther()})
		}},
		{name: "no kid and several keys of which one fits", edit: func(f *fake) {
			f.signer.kid = ""
			f.published = append(f.published, signer{"ec", jose.ES256, ecKey()})
		}},
		{name: "kid of another key", want: "bad signature", edit: func(f *fake) {
			f.published = append(f.published, signer{"k2", jose.RS256, rsaOther()})
			f.signer.kid = "k2"
		}},
		{name: "kid of no key", want: "no such key", edit: func(f *fake) { f.signer.kid = "k9" }},
		{name: "kid empty", want: "no such key", edit: func(f *fake) { f.header = map[string]any{"kid": ""}; f.signer.kid = "" }},
		{name: "kid a number", want: "malformed kid", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"RS256","kid":1}`) }},
		{name: "kid like a path", want: "no such key", edit: func(f *fake) { f.signer.kid = "../../dev/null" }},
		{name: "two keys under one kid", edit: func(f *fake) {
			f.published = []signer{{"k1", jose.RS256, rsaOther()}, {"k1", jose.RS256, rsaKey()}}
		}},

		// Neighbours: other kinds of token, other forms.
		{name: "an access token", want: "typ is not JWT", edit: func(f *fake) { f.header = map[string]any{"typ": "at+jwt"} }},
		{name: "a logout token", want: "typ is not JWT", edit: func(f *fake) { f.header = map[string]any{"typ": "logout+jwt"} }},
		{name: "typ null", want: "typ is not JWT", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"RS256","typ":null}`) }},
		{name: "crit", want: "crit in the header", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"RS256","crit":["exp"]}`) }},
		{name: "crit null", want: "crit in the header", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"RS256","crit":null}`) }},
		{name: "payload not encoded", want: "b64 in the header", edit: func(f *fake) { f.idToken = forge(f.token(), `{"alg":"RS256","b64":false}`) }},
		{name: "alg twice", want: "header is not a plain JSON object", edit: func(f *fake) {
			f.idToken = forge(f.token(), `{"alg":"none","alg":"RS256"}`)
		}},
		{name: "claim twice", want: "payload is not a plain JSON object", edit: func(f *fake) {
			body := strings.TrimSuffix(string(must(json.Marshal(f.claims))), "}") + `,"sub":"admin"}`
			f.idToken = f.signer.sign(t, nil, []byte(body))
		}},
		{name: "claim twice, once escaped", want: "payload is not a plain JSON object", edit: func(f *fake) {
			body := strings.TrimSuffix(string(must(json.Marshal(f.claims))), "}") + `,"\u0073ub":"admin"}`
			f.idToken = f.signer.sign(t, nil, []byte(body))
		}},
		{name: "payload an array", want: "payload is not a plain JSON object", edit: func(f *fake) {
			f.idToken = f.signer.sign(t, nil, []byte(`[]`))
		}},
		{name: "payload nested 33 deep", want: "payload is not a plain JSON object", edit: func(f *fake) {
			f.idToken = f.signer.sign(t, nil, []byte(`{"x":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`}`))
		}},
		{name: "payload in invalid UTF-8", want: "payload is not a plain JSON object", edit: func(f *fake) {
			f.idToken = f.signer.sign(t, nil, []byte("{\"sub\":\"\xff\"}"))
		}},
		{name: "missing", want: "missing", edit: func(f *fake) {
			f.override["/token"] = func(*http.Request) (*http.Response, error) {
				return jsonAnswer(map[string]any{"access_token": testAccess, "token_type": "Bearer"}), nil
			}
		}},
		{name: "two segments", want: "not a compact JWS", edit: func(f *fake) { f.idToken = "e30.e30" }},
		{name: "five segments, encrypted", want: "not a compact JWS", edit: func(f *fake) { f.idToken = "e30.e30.e30.e30.e30" }},
		{name: "JSON serialization", want: "not a compact JWS", edit: func(f *fake) {
			f.idToken = `{"payload":"e30","signatures":[{"protected":"e30","signature":"AA"},{"protected":"e30","signature":"AA"}]}`
		}},
		{name: "padded", want: "not base64url", edit: func(f *fake) { f.idToken = f.token() + "==" }},
		{name: "too many groups", want: "too many groups", edit: func(f *fake) { f.claims["groups"] = make([]string, 10_001) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			c.edit(f)
			login, err := redeem(f.provider(c.opts))
			if got := reasonOf(err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if (err == nil) != (login != nil) {
				t.Errorf("login is %v with error %v", login, err)
			}
			if c.want != "" && !errors.Is(err, ErrIDToken) {
				t.Errorf("%v is not ErrIDToken", err)
			}
		})
	}
}

func TestLengthOfIDToken(t *testing.T) {
	key := signer{"k1", jose.EdDSA, edKey()}
	token := key.sign(t, nil, []byte(`{"x":"`+strings.Repeat("x", 48<<10)+`"}`))
	if _, err := parseIDToken(token, defaultAlgorithms); reasonOf(err) != "longer than 64 KiB" {
		t.Errorf("%d bytes: %v", len(token), err)
	}
	token = key.sign(t, nil, []byte(`{"x":"`+strings.Repeat("x", 47<<10)+`"}`))
	if _, err := parseIDToken(token, defaultAlgorithms); err != nil {
		t.Errorf("%d bytes: %v", len(token), err)
	}
}

func TestClaimsAreCheckedBeforeKeysAreFetched(t *testing.T) {
	f := newFake(t)
	f.claims["nonce"] = "other"
	p := f.provider(nil)
	if _, err := redeem(p); !errors.Is(err, ErrIDToken) {
		t.Fatal(err)
	}
	if n := f.count("/keys"); n != 0 {
		t.Errorf("keys were fetched %d times for a token of another login", n)
	}
}

func TestRedemptionIsWholeOrCausesNoRequest(t *testing.T) {
	good := Redemption{Code: testCode, RedirectURI: testRedirect, Nonce: testNonce, Verifier: testVerifier}
	for name, r := range map[string]Redemption{
		"no code":         {RedirectURI: good.RedirectURI, Nonce: good.Nonce, Verifier: good.Verifier},
		"no redirect URI": {Code: good.Code, Nonce: good.Nonce, Verifier: good.Verifier},
		"no nonce":        {Code: good.Code, RedirectURI: good.RedirectURI, Verifier: good.Verifier},
		"no verifier":     {Code: good.Code, RedirectURI: good.RedirectURI, Nonce: good.Nonce},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			if l, err := f.provider(nil).Redeem(context.Background(), r); err == nil || l != nil {
				t.Error("accepted")
			}
			if len(f.asked) != 0 {
				t.Errorf("requests were made: %v", f.asked)
			}
		})
	}
}

func TestLoginCarriesWhatTheProviderSaid(t *testing.T) {
	f := newFake(t)
	f.claims["sid"], f.claims["auth_time"] = "session-1", testNow-60
	f.claims["at_hash"] = "77QmUPtjPfzWtF2AnpK9RQ"
	l, err := redeem(f.provider(nil))
	if err != nil {
		t.Fatal(err)
	}
	if l.Identity.Issuer != testIssuer || l.Identity.Subject != "248289761001" {
		t.Errorf("identity is %+v", l.Identity)
	}
	if l.AccessToken.Reveal() != testAccess || l.RefreshToken.Reveal() != testRefresh || l.IDToken.Empty() {
		t.Error("tokens are not the answer's")
	}
	if l.SessionID != "session-1" || l.AuthTime.Unix() != testNow-60 || l.AccessTokenExpiry.Unix() != testNow+3600 {
		t.Errorf("sid %q, auth_time %v, expiry %v", l.SessionID, l.AuthTime, l.AccessTokenExpiry)
	}
}
