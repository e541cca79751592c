package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/identity"
	"gatehouse/core/jws"
)

// FuzzIDToken: whatever the token endpoint sends as an ID token, there is a login or
// an error, and a login only for the signed token.
func FuzzIDToken(f *testing.F) {
	op := newFake(f)
	op.signer = signer{"k1", jose.EdDSA, edKey()}
	op.published = []signer{op.signer}
	good := op.token()
	f.Add(good)
	f.Add(forge(good, `{"alg":"none"}`))
	for _, c := range vectors[claimsVector](f, "claims.json") {
		f.Add(op.signer.sign(f, nil, c.payload()))
	}
	p := op.provider(nil)
	m := must(p.Metadata(context.Background()))
	f.Fuzz(func(t *testing.T, raw string) {
		parsed, err := parseIDToken(raw, defaultAlgorithms)
		if (parsed == nil) != (err != nil) || err != nil && !errors.Is(err, ErrIDToken) {
			t.Fatalf("parsed %v with error %v", parsed, err)
		}
		claims, err := p.verifyIDToken(context.Background(), m, raw, testExpectation())
		if (claims == nil) != (err != nil) {
			t.Fatalf("claims %v with error %v", claims, err)
		}
		if err == nil {
			if sub, _ := claims.Text("sub"); sub == "" {
				t.Fatal("a login without a subject")
			}
		}
	})
}

func FuzzMetadata(f *testing.F) {
	for _, c := range vectors[metadataVector](f, "metadata.json") {
		f.Add(c.body())
	}
	p := newFake(f).provider(nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := p.parseMetadata(body)
		if (m == nil) != (err != nil) {
			t.Fatalf("metadata %v with error %v", m, err)
		}
		if err != nil {
			if !errors.Is(err, ErrMetadata) && !errors.Is(err, ErrUnavailable) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if m.Issuer != testIssuer || m.TokenEndpoint == "" || m.JWKSURI == "" {
			t.Fatalf("incomplete: %+v", m)
		}
		for _, address := range []string{m.TokenEndpoint, m.JWKSURI} {
			r, err := http.NewRequest(http.MethodGet, address, nil)
			if err != nil || p.o.Egress.Check(r.URL) != nil || r.URL.Scheme != "https" {
				t.Fatalf("address that may not be asked: %q", address)
			}
		}
	})
}

func FuzzJWKS(f *testing.F) {
	for _, c := range vectors[jwksVector](f, "jwks.json") {
		f.Add(c.body())
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		set, err := parseKeySet(body)
		if (set == nil) != (err != nil) {
			t.Fatalf("keys %v with error %v", set, err)
		}
		if err != nil {
			return
		}
		for i := range set.keys {
			k := &set.keys[i]
			fitting := 0
			for _, alg := range signatures {
				if jws.Algorithm(alg).Fits(k.key) {
					fitting++
				}
			}
			if fitting == 0 {
				t.Fatalf("a key that no algorithm has: %T", k.key)
			}
		}
	})
}

func FuzzTokenAnswer(f *testing.F) {
	for _, c := range vectors[tokenVector](f, "token_answers.json") {
		status, header, body := c.answer()
		f.Add(status, header.Get("Content-Type"), body)
	}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		a, err := parseTokenAnswer(status, http.Header{"Content-Type": {contentType}}, body, time.Unix(testNow, 0), "code")
		if (a == nil) != (err != nil) {
			t.Fatalf("answer %v with error %v", a, err)
		}
		if err != nil {
			if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrTokenRefused) || len(err.Error()) > 500 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if a.AccessToken.Empty() || !a.Expiry.IsZero() && a.Expiry.Before(time.Unix(testNow, 0)) {
			t.Fatalf("answer %+v", a)
		}
	})
}

func FuzzUserinfo(f *testing.F) {
	for _, c := range vectors[tokenVector](f, "userinfo.json") {
		status, header, body := c.answer()
		f.Add(status, header.Get("Content-Type"), body)
	}
	type vector struct {
		Name, Comment, Project string
		RolesClaim             string `json:"roles_claim"`
		Claims                 map[string]any
		Expect                 json.RawMessage
	}
	for _, c := range vectors[vector](f, "../../identity/testdata/identities.json") {
		c.Claims["sub"] = "248289761001"
		f.Add(200, "application/json", must(json.Marshal(c.Claims)))
	}
	p := newFake(f).provider(func(o *Options) { o.ProjectID, o.RolesClaim = "42", "roles" })
	token := must(parseObject(must(json.Marshal(baseClaims()))))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		o, err := parseUserinfo(status, http.Header{"Content-Type": {contentType}}, body, "248289761001")
		if (o == nil) != (err != nil) {
			t.Fatalf("claims %v with error %v", o, err)
		}
		if err != nil {
			return
		}
		id, reason := identity.FromClaims(merge(token, o), p.o.mapping())
		if reason == "" && (id.Issuer != testIssuer || id.Subject != "248289761001") {
			t.Fatalf("another user: %+v", id)
		}
		for _, s := range append(id.Groups, id.Username, id.Name, id.Email, id.PreferredUsername) {
			if strings.ContainsFunc(s, unicode.IsControl) || len(s) > 4<<10 {
				t.Fatalf("not fit for a header: %q", s)
			}
		}
	})
}
