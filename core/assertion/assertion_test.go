package assertion_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/assertion"
	"gatehouse/core/identity"
)

const (
	issuer   = "https://app.example.com"
	audience = "http://127.0.0.1:8081"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func pkcs8(key any) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}))
}

func sec1(key *ecdsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(key))}))
}

func p256() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func ed() ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	return must(k, err)
}

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func subject() *identity.Identity {
	verified := true
	return &identity.Identity{
		Issuer: "https://op.example.com", Subject: "248289761001", Name: "Jane Doe <jane>",
		PreferredUsername: "j.doe", Email: "janedoe@example.com", EmailVerified: &verified,
		Groups:       []string{"b", "a"},
		ProjectRoles: map[string]map[string]string{"user": {"1": "x"}, "admin": {"1": "x"}},
		Roles:        []string{"reviewer", "user"},
		Metadata:     map[string]string{"private": "yes"},
	}
}

// open verifies a token with the published keys only, as an application does.
func open(t *testing.T, s *assertion.Signer, token string) (jose.Header, map[string]any) {
	t.Helper()
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(s.JWKS(), &keys); err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	header := jws.Signatures[0].Protected
	found := keys.Key(header.KeyID)
	if len(found) != 1 {
		t.Fatalf("%d keys are published under the token's kid", len(found))
	}
	payload, err := jws.Verify(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return header, claims
}

func TestAssertionVerifiesWithThePublishedKeys(t *testing.T) {
	for _, c := range []struct{ name, pem, alg string }{
		{"P-256 in PKCS#8", pkcs8(p256()), "ES256"},
		{"P-256 in SEC 1", sec1(p256()), "ES256"},
		{"P-256 in SEC 1 after its parameters", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + sec1(p256()), "ES256"},
		{"Ed25519 in PKCS#8", pkcs8(ed()), "EdDSA"},
		{"with blank lines around", "\n\n" + pkcs8(ed()) + "\n \n", "EdDSA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := &clock{now: time.Unix(1800000000, 0)}
			s, err := assertion.New(c.pem, issuer, audience, now.Now)
			if err != nil {
				t.Fatal(err)
			}
			token, err := s.Sign(subject(), "session")
			if err != nil {
				t.Fatal(err)
			}
			header, claims := open(t, s, token)
			if header.Algorithm != c.alg || header.ExtraHeaders["typ"] != "JWT" || len(header.KeyID) != 43 {
				t.Errorf("header is %+v", header)
			}
			got := string(must(json.Marshal(claims)))
			want := `{"aud":"http://127.0.0.1:8081","email":"janedoe@example.com","email_verified":true,"exp":1800000060,"groups":["b","a"],"iat":1800000000,"idp":"https://op.example.com","iss":"https://app.example.com","name":"Jane Doe \u003cjane\u003e","preferred_username":"j.doe","roles":["admin","reviewer","user"],"sub":"248289761001"}`
			if got != want {
				t.Errorf("claims are %s\nwant %s", got, want)
			}
		})
	}
}

func TestWhatWasNotAssertedIsAbsent(t *testing.T) {
	s := must(assertion.New(pkcs8(ed()), issuer, audience, nil))
	_, claims := open(t, s, must(s.Sign(&identity.Identity{Issuer: "https://op.example.com", Subject: "1"}, "")))
	for _, name := range []string{"email", "email_verified", "preferred_username", "name", "groups", "roles"} {
		if _, ok := claims[name]; ok {
			t.Errorf("%s is there", name)
		}
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	good := pkcs8(p256())
	for name, text := range map[string]string{
		"empty":                   "",
		"not PEM":                 "MC4CAQAwBQYDK2VwBCIEIA==",
		"RSA in PKCS#8":           pkcs8(rsaKey),
		"RSA in PKCS#1":           string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})),
		"P-384":                   pkcs8(must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))),
		"P-521 in SEC 1":          sec1(must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))),
		"public key":              string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(p256().Public()))})),
		"certificate type":        strings.ReplaceAll(good, "PRIVATE KEY", "CERTIFICATE"),
		"two keys":                good + pkcs8(p256()),
		"text after the key":      good + "x",
		"cut short":               good[:len(good)/2],
		"contents of another":     string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})),
		"encrypted":               strings.ReplaceAll(good, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
		"only parameters":         "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
		"nothing between headers": "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := assertion.New(text, issuer, audience, nil)
			if !errors.Is(err, assertion.ErrKey) || s != nil {
				t.Errorf("got %v, %v; want ErrKey", s, err)
			}
		})
	}
	if s, err := assertion.New(good, "", audience, nil); err == nil || s != nil {
		t.Error("no issuer is accepted")
	}
	if s, err := assertion.New(good, issuer, "", nil); err == nil || s != nil {
		t.Error("no audience is accepted")
	}
}

func TestPublishedKeysArePublic(t *testing.T) {
	for _, text := range []string{pkcs8(p256()), pkcs8(ed())} {
		s := must(assertion.New(text, issuer, audience, nil))
		var set struct{ Keys []map[string]any }
		if err := json.Unmarshal(s.JWKS(), &set); err != nil || len(set.Keys) != 1 {
			t.Fatalf("%v: %s", err, s.JWKS())
		}
		k := set.Keys[0]
		if _, private := k["d"]; private || k["use"] != "sig" || k["alg"] == nil || k["kid"] == nil {
			t.Errorf("key is %v", k)
		}
		clear(s.JWKS())
		if s.JWKS()[0] != '{' {
			t.Error("a caller can change the published keys")
		}
	}
}

func TestAnAssertionIsReusedForHalfItsLife(t *testing.T) {
	now := &clock{now: time.Unix(1800000000, 0)}
	s := must(assertion.New(pkcs8(p256()), issuer, audience, now.Now))
	id, same := subject(), subject()
	first := must(s.Sign(id, "session"))
	for _, c := range []struct {
		name    string
		after   time.Duration
		id      *identity.Identity
		session string
		reused  bool
	}{
		{"at once", 0, id, "session", true},
		{"for another session", 0, id, "other", false},
		{"for another identity of the session", 0, same, "session", false},
		{"without a session", 0, id, "", false},
		{"after 29.999 s", 29999 * time.Millisecond, id, "session", true},
		{"after 30 s", time.Millisecond, id, "session", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			now.advance(c.after)
			if got := must(s.Sign(c.id, c.session)); (got == first) != c.reused {
				t.Errorf("reused is %v, want %v", got == first, c.reused)
			}
		})
	}
	t.Run("after the clock was set back", func(t *testing.T) {
		last := must(s.Sign(id, "session"))
		now.advance(-time.Hour)
		if must(s.Sign(id, "session")) == last {
			t.Error("an assertion from the future")
		}
	})
}

func TestSignerDoesNotPrintItsKey(t *testing.T) {
	s := must(assertion.New(pkcs8(ed()), issuer, audience, nil))
	if got := fmt.Sprintf("%v %+v %#v", s, s, s); strings.ReplaceAll(got, "assertion.Signer("+issuer+")", "") != "  " {
		t.Errorf("printed %q", got)
	}
}

func TestManySessionsAtOnce(t *testing.T) {
	s := must(assertion.New(pkcs8(ed()), issuer, audience, nil))
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 200 {
				if _, err := s.Sign(subject(), fmt.Sprint(worker, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNobodyIsNotASubject(t *testing.T) {
	s := must(assertion.New(pkcs8(ed()), issuer, audience, nil))
	for _, id := range []*identity.Identity{nil, {}, {Email: "a@example.com"}} {
		if token, err := s.Sign(id, "session"); err == nil || token != "" {
			t.Errorf("%+v: %q", id, token)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for name, text := range map[string]string{"ES256": pkcs8(p256()), "EdDSA": pkcs8(ed())} {
		s, id := must(assertion.New(text, issuer, audience, nil)), subject()
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(s.Sign(id, ""))
			}
		})
		b.Run(name+" reused", func(b *testing.B) {
			for b.Loop() {
				must(s.Sign(id, "session"))
			}
		})
	}
}

func Example() {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	s, err := assertion.New(pkcs8(key), "https://app.example.com", "http://127.0.0.1:8081", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := s.Sign(&identity.Identity{Issuer: "https://op.example.com", Subject: "1"}, "")
	fmt.Println(strings.Count(token, "."), err)
	// Output: 2 <nil>
}
