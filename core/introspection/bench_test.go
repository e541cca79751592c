package introspection

import (
	"context"
	"fmt"
	"testing"

	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// BenchmarkIntrospect is one request: with the answer in memory, with it in the store
// only, and with none, where the issuer answers at once.
func BenchmarkIntrospect(b *testing.B) {
	b.Run("memory", func(b *testing.B) {
		i := newIssuer().introspector(nil)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ask(i); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("store", func(b *testing.B) {
		f := newIssuer()
		i := f.introspector(nil)
		_, _ = ask(i)
		b.ReportAllocs()
		for b.Loop() {
			i.valid = newMemory(maxEntries, maxBytes)
			if _, err := ask(i); err != nil {
				b.Fatal(err)
			}
		}
		if f.calls() != 1 {
			b.Fatalf("%d calls", f.calls())
		}
	})
	b.Run("issuer", func(b *testing.B) {
		f := newIssuer()
		f.driver = &kv.Memory{Now: f.Now}
		i := f.introspector(nil)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			if _, err := i.Introspect(context.Background(), secret.New(fmt.Sprint("token-", n))); err != nil {
				b.Fatal(err)
			}
		}
	})
}
