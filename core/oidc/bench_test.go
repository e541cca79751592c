package oidc

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// BenchmarkVerify is one ID token with the keys in memory.
func BenchmarkVerify(b *testing.B) {
	for _, s := range []signer{{"k1", jose.RS256, rsaKey()}, {"k1", jose.ES256, ecKey()}, {"k1", jose.EdDSA, edKey()}} {
		b.Run(string(s.alg), func(b *testing.B) {
			f := newFake(b)
			f.signer, f.published = s, []signer{s}
			p := f.provider(nil)
			m := must(p.Metadata(context.Background()))
			raw := f.token()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.verifyIDToken(context.Background(), m, raw, testExpectation()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFreshProvider is what every request pays where nothing stays in memory:
// metadata and keys from the store, checked again.
func BenchmarkFreshProvider(b *testing.B) {
	f := newFake(b)
	store := testStore(f, nil)
	edit := func(o *Options) { o.Store = store }
	if err := f.provider(edit).Ready(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := f.provider(edit).Ready(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	o := newFake(b).options(nil)
	b.ReportAllocs()
	for b.Loop() {
		New(o)
	}
}

func BenchmarkParseKeySet(b *testing.B) {
	f := newFake(b)
	f.published = append(f.published, signer{"ec", jose.ES256, ecKey()}, signer{"ed", jose.EdDSA, edKey()})
	body := must(json.Marshal(f.keySet()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseKeySet(body); err != nil {
			b.Fatal(err)
		}
	}
}
