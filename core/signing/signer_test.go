package signing

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// clock is set by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func newSigner(t testing.TB, edit func(*Options)) (*Signer, *clock) {
	t.Helper()
	c := &clock{now: time.Unix(1605179982, 0)}
	o := Options{Key: must(ParseKeyFile(vectors[keyFileVector](t, "key_files.json")[0].data(), Application)), Now: c.Now}
	if edit != nil {
		edit(&o)
	}
	return must(New(o)), c
}

func payload(t *testing.T, assertion string) (c claims) {
	t.Helper()
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(parts[1])), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAssertionVectors(t *testing.T) {
	all := vectors[assertionVector](t, "assertions.json")
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			s, err := New(Options{
				Key: must(ParseKeyFile(v.File, Application)), Lifetime: time.Duration(v.Lifetime) * time.Second,
				Now: func() time.Time { return time.Unix(v.Issued, 0) }, testOnlyNoID: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			if v.Expect == "same as the first" {
				v.Expect = all[0].Expect
			}
			if got := must(s.Assertion(t.Context(), v.Audience)); got != v.Expect {
				t.Errorf("got  %s\nwant %s (%s)", got, v.Expect, v.Comment)
			}
		})
	}
}

func TestAssertionsVerifyAndHaveAnID(t *testing.T) {
	s, c := newSigner(t, nil)
	first := must(s.Assertion(t.Context(), "https://op.example.com"))
	jws := must(jose.ParseSignedCompact(first, []jose.SignatureAlgorithm{jose.RS256}))
	if _, err := jws.Verify(s.key.private.Public()); err != nil || jws.Signatures[0].Header.KeyID != "1" {
		t.Errorf("kid %q, error %v", jws.Signatures[0].Header.KeyID, err)
	}
	got := payload(t, first)
	if got.Issuer != "c@p" || got.Subject != "c@p" || got.Audience != "https://op.example.com" || got.IssuedAt != 1605179982 || got.Expiry != 1605179982+600 || len(got.ID) < 22 {
		t.Errorf("got %+v", got)
	}
	c.set(c.Now().Add(DefaultLifetime))
	if other := payload(t, must(s.Assertion(t.Context(), "https://op.example.com"))); other.ID == got.ID {
		t.Error("two assertions have one id")
	}
}

func TestTheKeyDecidesTheAlgorithm(t *testing.T) {
	for name, want := range map[string]string{
		"application key": "RS256", "application key in PKCS#8": "RS256",
		"P-256 in PKCS#8": "ES256", "P-256 in SEC 1": "ES256", "Ed25519": "EdDSA",
	} {
		t.Run(name, func(t *testing.T) {
			all := vectors[keyFileVector](t, "key_files.json")
			i := slices.IndexFunc(all, func(v keyFileVector) bool { return v.Name == name })
			s, _ := newSigner(t, func(o *Options) { o.Key = must(ParseKeyFile(all[i].data(), Application)) })
			jws := must(jose.ParseSignedCompact(must(s.Assertion(t.Context(), "https://op.example.com")), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(want)}))
			if _, err := jws.Verify(s.key.private.Public()); err != nil || jws.Signatures[0].Header.KeyID != "1" {
				t.Errorf("kid %q, error %v", jws.Signatures[0].Header.KeyID, err)
			}
		})
	}
}

func TestAssertionsAreReusedForMostOfTheirLife(t *testing.T) {
	s, c := newSigner(t, nil)
	start := c.Now()
	sign := func(audience string) string { return must(s.Assertion(t.Context(), audience)) }
	first := sign("a")
	for _, step := range []struct {
		name  string
		after time.Duration
		same  bool
	}{
		{"at once", 0, true},
		{"just before four fifths", 8*time.Minute - time.Second, true},
		{"after four fifths", 8 * time.Minute, false},
	} {
		c.set(start.Add(step.after))
		if got := sign("a") == first; got != step.same {
			t.Errorf("%s: same is %v, want %v", step.name, got, step.same)
		}
	}
	second := sign("a")
	c.set(start)
	if sign("a") == second {
		t.Error("an assertion from the future was returned after the clock was set back")
	}
	if sign("b") == sign("a") {
		t.Error("two audiences got one assertion")
	}
}

func TestFreshAssertionsAreNeverReturnedAgain(t *testing.T) {
	s, c := newSigner(t, nil)
	kept := must(s.Assertion(t.Context(), "a"))
	seen := map[string]bool{payload(t, kept).ID: true}
	for range 3 {
		fresh := must(s.Fresh(t.Context(), "a"))
		if _, err := must(jose.ParseSignedCompact(fresh, []jose.SignatureAlgorithm{jose.RS256})).Verify(s.key.private.Public()); err != nil {
			t.Error(err)
		}
		got := payload(t, fresh)
		if seen[got.ID] || got.Audience != "a" || got.Issuer != "c@p" || got.Subject != "c@p" || got.Expiry != c.Now().Add(DefaultLifetime).Unix() {
			t.Errorf("got %+v", got)
		}
		seen[got.ID] = true
	}
	if must(s.Assertion(t.Context(), "a")) != kept {
		t.Error("a fresh one took the place of the one that is kept")
	}
}

func TestAudiencesAreBounded(t *testing.T) {
	s, _ := newSigner(t, nil)
	for i := range 2*maxAudiences + 3 {
		_ = must(s.Assertion(t.Context(), fmt.Sprint(i)))
	}
	if len(s.kept) > maxAudiences {
		t.Errorf("%d are kept", len(s.kept))
	}
}

func TestExpiredKeysSignNothing(t *testing.T) {
	s, c := newSigner(t, func(o *Options) {
		k := *o.Key
		k.Expiry = time.Unix(1605179982+60, 0)
		o.Key = &k
	})
	_ = must(s.Assertion(t.Context(), "a"))
	c.set(time.Unix(1605179982+60, 0))
	if got, err := s.Assertion(t.Context(), "a"); !errors.Is(err, ErrExpired) || got != "" {
		t.Errorf("got %v", err)
	}
	if got, err := s.Fresh(t.Context(), "a"); !errors.Is(err, ErrExpired) || got != "" {
		t.Errorf("got %v", err)
	}
}

func TestOptionsThatNoSignerCanSatisfy(t *testing.T) {
	k := must(ParseKeyFile(vectors[keyFileVector](t, "key_files.json")[0].data(), Application))
	for name, o := range map[string]Options{
		"no key": {}, "key that was not parsed": {Key: &Key{ID: "1", Subject: "a"}},
		"negative lifetime": {Key: k, Lifetime: -1}, "more than an hour": {Key: k, Lifetime: time.Hour + 1},
	} {
		if s, err := New(o); err == nil || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestOneIsSignedAtATime(t *testing.T) {
	s, _ := newSigner(t, nil)
	made := make([]string, 100)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() { made[i], _ = s.Assertion(context.Background(), "a") })
	}
	wg.Wait()
	for _, m := range made {
		if m == "" || m != made[0] {
			t.Fatal("callers at the same time got different assertions")
		}
	}
}

func BenchmarkAssertion(b *testing.B) {
	s, _ := newSigner(b, nil)
	b.Run("signed", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.sign("a", s.now()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reused", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Assertion(context.Background(), "a"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
