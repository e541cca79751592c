package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestUnknownKeyIDFloodCausesOneFetchPerMinute(t *testing.T) {
	for _, memory := range []bool{true, false} {
		t.Run(fmt.Sprintf("memory %v", memory), func(t *testing.T) {
			f := newFake(t)
			f.signer = signer{"k1", jose.EdDSA, edKey()} // signs fast
			f.published = []signer{f.signer}
			store := testStore(f, nil)
			p := f.provider(func(o *Options) { o.Store = store })
			if _, err := redeem(p); err != nil {
				t.Fatal(err)
			}
			flood := func(tokens int) int {
				before := f.count("/keys")
				for i := range tokens {
					if !memory {
						p = f.provider(func(o *Options) { o.Store = store })
					}
					f.signer.kid = fmt.Sprintf("unknown-%d", i)
					if _, err := redeem(p); !errors.Is(err, ErrIDToken) {
						t.Fatal(err)
					}
				}
				return f.count("/keys") - before
			}
			if n := flood(1000); n != 1 {
				t.Errorf("1000 unknown ids caused %d fetches, want 1", n)
			}
			f.advance(renewAfter - time.Second)
			if n := flood(50); n != 0 {
				t.Errorf("%d fetches within the minute, want 0", n)
			}
			f.advance(time.Second)
			if n := flood(50); n != 1 {
				t.Errorf("%d fetches in the next minute, want 1", n)
			}
			// The keys endpoint is down now: the same bound holds.
			f.fail("/keys", 500)
			f.advance(renewAfter)
			f.claims["exp"] = f.Now().Unix() + 60
			if n := flood(50); n != 1 {
				t.Errorf("%d fetches in a minute of failures, want 1", n)
			}
			clear(f.override)
			f.signer.kid = "k1"
			if _, err := redeem(p); err != nil {
				t.Errorf("known keys no longer work: %v", err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	next := signer{"k2", jose.ES256, ecKey()}
	for _, c := range []struct {
		name    string
		rotate  func(*fake)
		fetches int
	}{
		{"new key id", func(f *fake) { f.published, f.signer = []signer{next}, next }, 2},
		{"new key id beside the old one", func(f *fake) { f.published, f.signer = append(f.published, next), next }, 2},
		{"same key id, other key", func(f *fake) {
			f.signer = signer{"k1", jose.RS256, rsaOther()}
			f.published = []signer{f.signer}
		}, 2},
		{"same key id, other type", func(f *fake) {
			f.signer = signer{"k1", jose.ES256, ecKey()}
			f.published = []signer{f.signer}
		}, 2},
		{"no key id, other key", func(f *fake) {
			f.signer = signer{"", jose.RS256, rsaOther()}
			f.published = []signer{f.signer}
		}, 2},
		{"nothing", func(*fake) {}, 1},
	} {
		for _, memory := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, memory %v", c.name, memory), func(t *testing.T) {
				f := newFake(t)
				store := testStore(f, nil)
				p := f.provider(func(o *Options) { o.Store = store })
				if _, err := redeem(p); err != nil {
					t.Fatal(err)
				}
				// Even at the same instant.
				c.rotate(f)
				if !memory {
					p = f.provider(func(o *Options) { o.Store = store })
				}
				if _, err := redeem(p); err != nil {
					t.Errorf("login after the rotation: %v", err)
				}
				if n := f.count("/keys"); n != c.fetches {
					t.Errorf("keys were fetched %d times, want %d", n, c.fetches)
				}
			})
		}
	}
}

func TestRotationKnownToAnotherInstance(t *testing.T) {
	f := newFake(t)
	store := testStore(f, nil)
	edit := func(o *Options) { o.Store = store }
	one, two := f.provider(edit), f.provider(edit)
	for _, p := range []*Provider{one, two} {
		if _, err := redeem(p); err != nil {
			t.Fatal(err)
		}
	}
	f.advance(time.Second)
	f.signer = signer{"k2", jose.ES256, ecKey()}
	f.published = []signer{f.signer}
	for _, p := range []*Provider{one, two} {
		if _, err := redeem(p); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count("/keys"); n != 2 {
		t.Errorf("keys were fetched %d times, want 2: the second instance finds the first one's copy", n)
	}
}

func TestWithdrawnKeysAreNotUsed(t *testing.T) {
	f := newFake(t)
	p := f.provider(nil)
	if _, err := redeem(p); err != nil {
		t.Fatal(err)
	}
	f.published = nil
	f.advance(freshFor)
	f.claims["exp"], f.claims["iat"] = f.Now().Unix()+60, f.Now().Unix()
	if _, err := redeem(p); !errors.Is(err, ErrIDToken) {
		t.Errorf("got %v with a key that the provider withdrew", err)
	}
}

func TestKeysMoveWithTheMetadata(t *testing.T) {
	f := newFake(t)
	p := f.provider(nil)
	if _, err := redeem(p); err != nil {
		t.Fatal(err)
	}
	f.metadata["jwks_uri"] = testIssuer + "/keys2"
	f.override["/keys2"] = func(*http.Request) (*http.Response, error) { return jsonAnswer(f.keySet()), nil }
	f.fail("/keys", 500)
	f.advance(freshFor)
	f.claims["exp"], f.claims["iat"] = f.Now().Unix()+60, f.Now().Unix()
	if _, err := redeem(p); err != nil {
		t.Fatal(err)
	}
	if f.count("/keys") != 1 || f.count("/keys2") != 1 {
		t.Errorf("asked %v", f.asked)
	}
}
