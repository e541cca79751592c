package serviceaccount

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/core/oidc"
	"gatehouse/core/signing"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var private = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

func keyFile() []byte {
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private())})
	return must(json.Marshal(map[string]string{"type": "serviceaccount", "keyId": "1", "key": string(text), "userId": "100"}))
}

func TestScopes(t *testing.T) {
	var vectors []struct {
		Name, Comment, Expect string
		Scopes                Scopes
	}
	d := json.NewDecoder(bytes.NewReader(must(os.ReadFile("testdata/scopes.json"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			all, err := v.Scopes.list()
			got := strings.Join(all, " ")
			if errors.Is(err, ErrScope) {
				got = "invalid"
			}
			if got != v.Expect {
				t.Errorf("got  %s\nwant %s (%s)", got, v.Expect, v.Comment)
			}
		})
	}
}

// issuer is a stub of an authorization server with a clock.
type issuer struct {
	*httptest.Server
	mu     sync.Mutex
	now    time.Time
	forms  []url.Values
	header http.Header
	status int
	answer string
}

func newIssuer(t *testing.T) *issuer {
	s := &issuer{now: time.Unix(1800000000, 0), status: 200, answer: `{"access_token":"canary-access-token","token_type":"Bearer","expires_in":3600}`}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": s.URL, "authorization_endpoint": s.URL + "/a", "token_endpoint": s.URL + "/t", "jwks_uri": s.URL + "/k"})
		case "/t":
			s.header = r.Header
			s.forms = append(s.forms, must(url.ParseQuery(string(must(io.ReadAll(r.Body))))))
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(s.status)
			_, _ = io.WriteString(w, s.answer)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *issuer) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *issuer) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *issuer) source(t *testing.T) *Source {
	t.Helper()
	return must(New(s.URL, keyFile(), &Options{Now: s.Now, Scopes: Scopes{ProjectAudiences: []string{"123"}}}))
}

func TestTokenRequest(t *testing.T) {
	s := newIssuer(t)
	token, err := s.source(t).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if token.AccessToken.Reveal() != "canary-access-token" || !token.Expiry.Equal(s.now.Add(time.Hour)) {
		t.Errorf("expiry %v", token.Expiry)
	}
	form := s.forms[0]
	assertion := form.Get("assertion")
	form.Del("assertion")
	const want = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&scope=openid+urn%3Azitadel%3Aiam%3Aorg%3Aproject%3Aid%3A123%3Aaud"
	if form.Encode() != want || s.header.Get("Authorization") != "" || s.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("sent %s %v", form.Encode(), s.header)
	}
	jws := must(jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.RS256}))
	var claims map[string]any
	_ = json.Unmarshal(must(jws.Verify(private().Public())), &claims)
	if claims["iss"] != "100" || claims["sub"] != "100" || claims["aud"] != s.URL || claims["jti"] == nil || jws.Signatures[0].Header.KeyID != "1" {
		t.Errorf("claims %v", claims)
	}
}

func TestTokensAreReusedUntilShortlyBeforeTheirEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer string
		wait   time.Duration
		calls  int
	}{
		{"at once", `"expires_in":3600`, 0, 1},
		{"before the last minute", `"expires_in":3600`, 59*time.Minute - time.Second, 1},
		{"in the last minute", `"expires_in":3600`, 59 * time.Minute, 2},
		{"before the last tenth of a short life", `"expires_in":10`, 9*time.Second - time.Millisecond, 1},
		{"in the last tenth of a short life", `"expires_in":10`, 9 * time.Second, 2},
		{"without an expiry", `"x":1`, 0, 2},
		{"expired at once", `"expires_in":0`, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newIssuer(t)
			s.answer = `{"access_token":"a","token_type":"Bearer",` + c.answer + `}`
			source := s.source(t)
			_ = must(source.Token(t.Context()))
			s.advance(c.wait)
			_ = must(source.Token(t.Context()))
			if len(s.forms) != c.calls {
				t.Errorf("%d calls, want %d", len(s.forms), c.calls)
			}
		})
	}
}

func TestCallersAtTheSameTimeShareOneRequest(t *testing.T) {
	s := newIssuer(t)
	source := s.source(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := source.Token(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(s.forms) != 1 {
		t.Errorf("%d calls", len(s.forms))
	}
	source.Forget()
	if _, err := source.Token(t.Context()); err != nil || len(s.forms) != 2 {
		t.Errorf("after Forget: %d calls, %v", len(s.forms), err)
	}
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		answer string
		want   error
	}{
		{"invalid grant", 400, `{"error":"invalid_grant","error_description":"unknown key"}`, oidc.ErrTokenRefused},
		{"refused with 200", 200, `{"error":"invalid_grant"}`, oidc.ErrTokenRefused},
		{"server error", 500, `{}`, oidc.ErrUnavailable},
		{"redirect", 307, `{}`, oidc.ErrUnavailable},
		{"not JSON", 200, `<html>`, oidc.ErrUnavailable},
		{"no token", 200, `{"token_type":"Bearer"}`, oidc.ErrUnavailable},
		{"another token type", 200, `{"access_token":"a","token_type":"DPoP"}`, oidc.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newIssuer(t)
			source := s.source(t)
			good := s.answer
			s.status, s.answer = c.status, c.answer
			token, err := source.Token(t.Context())
			if !errors.Is(err, c.want) || token != nil {
				t.Fatalf("got %v", err)
			}
			if assertion := s.forms[0].Get("assertion"); strings.Contains(err.Error(), assertion) {
				t.Error("the error repeats the assertion")
			}
			s.status, s.answer = 200, good
			if _, err := source.Token(t.Context()); err != nil {
				t.Errorf("the failure was remembered: %v", err)
			}
		})
	}
}

func TestWhatNoSourceCanBeMadeOf(t *testing.T) {
	application := bytes.Replace(keyFile(), []byte(`"serviceaccount"`), []byte(`"application"`), 1)
	for _, c := range []struct {
		name, issuer string
		file         []byte
		scopes       Scopes
		want         error
	}{
		{"key of an application", "https://op.example.com", application, Scopes{}, signing.ErrKeyFile},
		{"no key", "https://op.example.com", nil, Scopes{}, signing.ErrKeyFile},
		{"http", "http://op.example.com", keyFile(), Scopes{}, ErrIssuer},
		{"no host", "https:///x", keyFile(), Scopes{}, ErrIssuer},
		{"no scheme", "op.example.com", keyFile(), Scopes{}, ErrIssuer},
		{"user name", "https://a@op.example.com", keyFile(), Scopes{}, ErrIssuer},
		{"query", "https://op.example.com?x", keyFile(), Scopes{}, ErrIssuer},
		{"scope", "https://op.example.com", keyFile(), Scopes{Roles: []string{"a b"}}, ErrScope},
	} {
		t.Run(c.name, func(t *testing.T) {
			if s, err := New(c.issuer, c.file, &Options{Scopes: c.scopes}); !errors.Is(err, c.want) || s != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := New("https://op.example.com", keyFile(), nil); err != nil {
		t.Errorf("without options: %v", err)
	}
}
