package pkce_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"gatehouse/core/pkce"
)

// vectors reads a file of testdata; a field that the test does not know is fatal.
func vectors[T any](t testing.TB, name string) []T {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	var all []T
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestChallengeVectors(t *testing.T) {
	type vector struct{ Name, Comment, Verifier, Expect string }
	for _, c := range vectors[vector](t, "challenges.json") {
		t.Run(c.Name, func(t *testing.T) {
			v, err := pkce.ParseVerifier(c.Verifier)
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Challenge(); got != c.Expect {
				t.Errorf("challenge is %q, want %q", got, c.Expect)
			}
			if !pkce.Verify(c.Expect, v) {
				t.Error("the challenge does not match its verifier")
			}
			if parsed, err := pkce.ParseChallenge(c.Expect, "S256"); err != nil || parsed != c.Expect {
				t.Errorf("ParseChallenge: %q, %v", parsed, err)
			}
		})
	}
}

func TestParseVerifier(t *testing.T) {
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"shortest", strings.Repeat("a", 43), true},
		{"one character short", strings.Repeat("a", 42), false},
		{"longest", strings.Repeat("a", 128), true},
		{"one character long", strings.Repeat("a", 129), false},
		{"empty", "", false},
		{"every unreserved kind", "AZaz09-._~" + strings.Repeat("a", 33), true},
		{"padded", strings.Repeat("a", 43) + "=", false},
		{"plus sign", strings.Repeat("a", 42) + "+", false},
		{"slash", strings.Repeat("a", 42) + "/", false},
		{"space", strings.Repeat("a", 42) + " ", false},
		{"trailing line break", strings.Repeat("a", 43) + "\n", false},
		{"NUL", strings.Repeat("a", 42) + "\x00", false},
		{"percent-encoded", strings.Repeat("a", 43) + "%41", false},
		{"43 bytes of other scripts", strings.Repeat("é", 22)[:43], false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := pkce.ParseVerifier(c.text)
			if c.ok {
				if err != nil || v.Reveal() != c.text || v.IsZero() {
					t.Errorf("got %v, want the verifier", err)
				}
				return
			}
			if !errors.Is(err, pkce.ErrVerifier) || !v.IsZero() {
				t.Errorf("got %v, want ErrVerifier and no verifier", err)
			}
		})
	}
}

func TestParseChallenge(t *testing.T) {
	good := "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, c := range []struct {
		name, challenge, method string
		want                    error
	}{
		{"S256", good, "S256", nil},
		{"plain", good, "plain", pkce.ErrMethod},
		{"method missing, which means plain", good, "", pkce.ErrMethod},
		{"method in lower case", good, "s256", pkce.ErrMethod},
		{"empty", "", "S256", pkce.ErrChallenge},
		{"one character short", good[1:], "S256", pkce.ErrChallenge},
		{"one character long", good + "A", "S256", pkce.ErrChallenge},
		{"padded", good + "=", "S256", pkce.ErrChallenge},
		{"standard alphabet", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256", pkce.ErrChallenge},
		{"unused bits set", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN", "S256", pkce.ErrChallenge},
		{"line break inside", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c\n", "S256", pkce.ErrChallenge},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := pkce.ParseChallenge(c.challenge, c.method)
			if !errors.Is(err, c.want) || (err == nil) != (got != "") {
				t.Errorf("got %q, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	v, other := pkce.NewVerifier(), pkce.NewVerifier()
	for _, c := range []struct {
		name, challenge string
		verifier        pkce.Verifier
		want            bool
	}{
		{"its own challenge", v.Challenge(), v, true},
		{"another verifier's challenge", other.Challenge(), v, false},
		{"the verifier itself, as plain would have it", v.Reveal(), v, false},
		{"prefix of the challenge", v.Challenge()[:42], v, false},
		{"empty challenge", "", v, false},
		{"zero verifier with the challenge of nothing", pkce.Verifier{}.Challenge(), pkce.Verifier{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := pkce.Verify(c.challenge, c.verifier); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestNewVerifierHas32Octets(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		v := pkce.NewVerifier()
		if len(v.Reveal()) != 43 {
			t.Fatalf("verifier has %d characters, want 43", len(v.Reveal()))
		}
		if parsed, err := pkce.ParseVerifier(v.Reveal()); err != nil || parsed != v {
			t.Fatalf("a new verifier does not parse: %v", err)
		}
		if seen[v.Reveal()] {
			t.Fatal("the same verifier twice")
		}
		seen[v.Reveal()] = true
	}
}

func TestVerifierDoesNotPrint(t *testing.T) {
	v := pkce.NewVerifier()
	encoded, err := json.Marshal(struct{ V pkce.Verifier }{v})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%#v", v), fmt.Sprintf("%+v", &v), fmt.Sprintf("%q", v), string(encoded)} {
		if strings.Contains(text, v.Reveal()) {
			t.Errorf("the verifier shows in %q", text)
		}
	}
}

func FuzzVerifier(f *testing.F) {
	f.Add("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	f.Add(strings.Repeat("a", 129))
	f.Fuzz(func(t *testing.T, text string) {
		v, err := pkce.ParseVerifier(text)
		if (err != nil) != v.IsZero() {
			t.Fatal("an error and a verifier, or neither")
		}
		if err == nil && (v.Reveal() != text || !pkce.Verify(v.Challenge(), v)) {
			t.Fatal("a verifier does not match its own challenge")
		}
	})
}

func Example() {
	verifier := pkce.NewVerifier()
	challenge := verifier.Challenge() // goes to the authorization endpoint

	// The token endpoint, later.
	presented, err := pkce.ParseVerifier(verifier.Reveal())
	fmt.Println(err, pkce.Verify(challenge, presented))
	// Output: <nil> true
}
