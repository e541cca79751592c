package oidc

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gatehouse/core/jws"
)

func testExpectation() expectation {
	return expectation{
		Issuer: testIssuer, ClientID: testClient, Nonce: testNonce, AccessToken: testAccess,
		Alg: jws.RS256, Now: time.Unix(testNow, 0), Skew: 30 * time.Second,
	}
}

type claimsVector struct {
	Name, Expect, Comment string
	Set                   map[string]any
	Raw                   string // a member that Go would not write
}

func (c claimsVector) payload() []byte {
	claims := with(baseClaims(), c.Set)
	if c.Raw != "" {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.Raw, `"`), `"`)
		delete(claims, name)
	}
	payload := string(must(json.Marshal(claims)))
	if c.Raw != "" {
		payload = strings.TrimSuffix(payload, "}") + "," + c.Raw + "}"
	}
	return []byte(payload)
}

func TestIDTokenClaims(t *testing.T) {
	for _, c := range vectors[claimsVector](t, "claims.json") {
		t.Run(c.Name, func(t *testing.T) {
			o, err := parseObject(c.payload())
			if err != nil {
				t.Fatal(err)
			}
			e := testExpectation()
			if got := e.check(o); got != c.Expect {
				t.Errorf("refused for %q, want %q (%s)", got, c.Expect, c.Comment)
			}
		})
	}
}

func TestEmptyExpectationsMatchNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*expectation)
		set  map[string]any
	}{
		{"no nonce in the request", func(e *expectation) { e.Nonce = "" }, map[string]any{"nonce": ""}},
		{"no client id", func(e *expectation) { e.ClientID = "" }, map[string]any{"aud": ""}},
		{"no issuer", func(e *expectation) { e.Issuer = "" }, map[string]any{"iss": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := testExpectation()
			c.edit(&e)
			o := must(parseObject(claimsVector{Set: c.set}.payload()))
			if e.check(o) == "" {
				t.Error("an empty claim matches an empty expectation")
			}
		})
	}
}

func TestAccessTokenHash(t *testing.T) {
	type vector struct{ Name, Comment, Alg, Token, Expect string }
	for _, c := range vectors[vector](t, "at_hash.json") {
		t.Run(c.Name, func(t *testing.T) {
			if got := leftHalf(jws.Algorithm(c.Alg), c.Token); got != c.Expect {
				t.Errorf("got %q, want %q (%s)", got, c.Expect, c.Comment)
			}
		})
	}
}
