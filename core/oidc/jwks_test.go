package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

type jwksVector struct {
	Name, Comment, Raw string
	Document           json.RawMessage
	Expect             []string // ids of the keys that are left
	Refused            bool
	Latin1             bool // Raw's escapes below U+0100 become single bytes
}

func (c jwksVector) body() []byte {
	if c.Latin1 {
		return []byte(strings.ReplaceAll(c.Raw, `\u00ff`, "\xff"))
	}
	if c.Raw != "" {
		return []byte(c.Raw)
	}
	return c.Document
}

func TestKeySets(t *testing.T) {
	for _, c := range vectors[jwksVector](t, "jwks.json") {
		t.Run(c.Name, func(t *testing.T) {
			set, err := parseKeySet(c.body())
			if c.Refused {
				if !errors.Is(err, ErrUnavailable) || set != nil {
					t.Errorf("got %v, %v; want ErrUnavailable (%s)", set, err, c.Comment)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, k := range set.keys {
				got = append(got, k.id)
			}
			if !slices.Equal(got, c.Expect) {
				t.Errorf("keys are %q, want %q (%s)", got, c.Expect, c.Comment)
			}
		})
	}
}

func TestNumberOfKeys(t *testing.T) {
	one := `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	set := func(n int) []byte {
		return fmt.Appendf(nil, `{"keys":[%s%s]}`, strings.Repeat(one+",", n-1), one)
	}
	if s, err := parseKeySet(set(maxKeys)); err != nil || len(s.keys) != maxKeys {
		t.Errorf("100 keys: %v", err)
	}
	if s, err := parseKeySet(set(maxKeys + 1)); err == nil || s != nil {
		t.Error("101 keys are accepted; the set should be refused whole")
	}
}

func TestSignatureVectors(t *testing.T) {
	type vector struct {
		Name, Expect, Comment, Token string
		Keys                         json.RawMessage
	}
	for _, c := range vectors[vector](t, "jws.json") {
		t.Run(c.Name, func(t *testing.T) {
			got := "signed"
			set, err := parseKeySet(fmt.Appendf(nil, `{"keys":%s}`, c.Keys))
			if err != nil {
				t.Fatal(err)
			}
			token, err := parseIDToken(c.Token, defaultAlgorithms)
			var refused *IDTokenError
			if errors.As(err, &refused) {
				got = refused.Reason
			} else if signed, _ := token.signedBy(set); !signed {
				got = "bad signature"
			}
			if got != c.Expect {
				t.Errorf("got %q, want %q (%s)", got, c.Expect, c.Comment)
			}
		})
	}
}
