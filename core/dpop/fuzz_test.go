package dpop_test

import (
	"net/url"
	"strings"
	"testing"

	"gatehouse/core/dpop"
	"gatehouse/core/jws"
	"gatehouse/core/secret"
)

// FuzzVerify: whatever a client sends, only the example is a proof of its key, and the
// error says nothing of it.
func FuzzVerify(f *testing.F) {
	f.Add(example, token)
	f.Add(example[:len(example)-4], token)
	f.Add(strings.Replace(example, "I6IkVTMjU2", "I6IlJTMjU2", 1), token)
	f.Add("e30.e30.AA", "x")
	for _, key := range []string{"RS256", "ES256", "EdDSA"} {
		f.Add(sign(f, jws.Algorithm(key), keys()[key], nil, nil), token)
	}
	f.Fuzz(func(t *testing.T, proof, credential string) {
		v := at(clock(made))
		anywhere := func(*url.URL) bool { return true }
		p, err := v.Verify(header(proof), "GET", anywhere, secret.New(credential))
		if err != nil {
			if p != nil || reason(t, err) == "" || dpop.Challenge(err) == "" || len(proof) > 40 && strings.Contains(err.Error(), proof) {
				t.Fatalf("%v, %v", p, err)
			}
			return
		}
		if p.Thumbprint == exampleKey && proof != example {
			t.Fatalf("a proof of the example's key was made from it: %s", proof)
		}
		if err := v.Use(p); err != nil {
			t.Fatal(err)
		}
		if reason(t, v.Use(p)) == "" {
			t.Fatal("used twice")
		}
	})
}
