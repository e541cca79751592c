package jws_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"gatehouse/core/jws"
)

func TestParse(t *testing.T) {
	e := base64.RawURLEncoding.EncodeToString
	join := func(header, payload, signature string) string {
		return e([]byte(header)) + "." + e([]byte(payload)) + "." + e([]byte(signature))
	}
	for _, c := range []struct{ name, raw, reason string }{
		{"three parts", join(`{"alg":"ES256"}`, `{"a":1}`, "s"), ""},
		{"no signature", join(`{"alg":"none"}`, `{}`, ""), ""},
		{"empty", "", "not a compact JWS"},
		{"two parts", "e30.e30", "not a compact JWS"},
		{"five parts", "e30.e30.e30.e30.e30", "not a compact JWS"},
		{"dots only", strings.Repeat(".", 1000), "not a compact JWS"},
		{"padding", "e30=.e30.AA", "not base64url"},
		{"another spelling of the same bytes", "e31.e30.AA", "not base64url"},
		{"line break", "e3\n0.e30.AA", "not base64url"},
		{"header a list", join(`[]`, `{}`, "s"), "header is not a plain JSON object"},
		{"member twice", join(`{"alg":"a","alg":"b"}`, `{}`, "s"), "header is not a plain JSON object"},
		{"payload a text", join(`{}`, `"x"`, "s"), "payload is not a plain JSON object"},
		{"critical header", join(`{"crit":["exp"]}`, `{}`, "s"), "crit in the header"},
		{"payload as it is", join(`{"b64":false}`, `{}`, "s"), "b64 in the header"},
		{"compressed", join(`{"zip":"DEF"}`, `{}`, "s"), "zip in the header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, reason := jws.Parse(c.raw)
			if reason != c.reason || (m == nil) != (reason != "") {
				t.Fatalf("%v, %q", m, reason)
			}
			if m != nil && m.Input != c.raw[:strings.LastIndexByte(c.raw, '.')] {
				t.Errorf("signed is %q", m.Input)
			}
		})
	}
}
