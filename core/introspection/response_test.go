package introspection

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/clientauth"
	"gatehouse/core/secret"
)

func TestRequests(t *testing.T) {
	type vector struct {
		Name, Comment, Auth, ID, Secret, Token, Authorization, Body string
	}
	for _, v := range vectors[vector](t, "requests.json") {
		t.Run(v.Name, func(t *testing.T) {
			f := newIssuer()
			i := f.introspector(func(o *Options) {
				switch v.Auth {
				case "basic":
					o.Auth = clientauth.Basic(v.ID, secret.New(v.Secret))
				case "post":
					o.Auth = clientauth.Post(v.ID, secret.New(v.Secret))
				case "jwt":
					o.Auth = clientauth.PrivateKeyJWT(testIssuer, func(context.Context, string) (string, error) { return "header.payload.signature", nil })
				}
			})
			if _, err := i.Introspect(t.Context(), secret.New(v.Token)); err != nil {
				t.Fatal(err)
			}
			h := f.last.Header
			if f.last.Method != http.MethodPost || f.last.URL.String() != testEndpoint || h.Get("Accept") != "application/json" || h.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("%s %s %v", f.last.Method, f.last.URL, h)
			}
			if h.Get("Authorization") != v.Authorization || f.body != v.Body {
				t.Errorf("got  %q %q\nwant %q %q (%s)", h.Get("Authorization"), f.body, v.Authorization, v.Body, v.Comment)
			}
		})
	}
}

type responseVector struct {
	Name, Comment, Issuer, Audience, Raw, Type, Expect string
	Now                                                int64
	Status                                             int
	Required                                           []string
	Document                                           json.RawMessage
	Identity                                           json.RawMessage
	Scopes                                             []string
	Client                                             string
	Expiry                                             int64
	Claims                                             map[string]string
}

func (v responseVector) body() []byte {
	if v.Document != nil {
		return v.Document
	}
	return []byte(v.Raw)
}

func TestResponses(t *testing.T) {
	for _, v := range vectors[responseVector](t, "responses.json") {
		t.Run(v.Name, func(t *testing.T) {
			f := newIssuer()
			if v.Now != 0 {
				f.now = time.Unix(v.Now, 0)
			}
			f.answer = func(string) (int, string, string) {
				status, kind := v.Status, v.Type
				if status == 0 {
					status = http.StatusOK
				}
				if kind == "" {
					kind = "application/json; charset=utf-8"
				}
				return status, kind, string(v.body())
			}
			i := f.introspector(func(o *Options) {
				o.Policy.Scopes = v.Required
				if v.Issuer != "" {
					o.Policy.Issuer = v.Issuer
				}
				if v.Audience != "" {
					o.Policy.Audiences = []string{"other", v.Audience}
				}
			})
			result, err := ask(i)
			if (result == nil) != (err != nil) {
				t.Fatalf("result %v with error %v", result, err)
			}
			if got := kindOf(err); got != v.Expect {
				t.Fatalf("got %q, want %q (%s)", got, v.Expect, v.Comment)
			}
			if err != nil {
				return
			}
			var want any
			var got any
			_ = json.Unmarshal(v.Identity, &want)
			_ = json.Unmarshal(must(json.Marshal(result.Identity)), &got)
			if w, g := string(must(json.Marshal(want))), string(must(json.Marshal(got))); w != g {
				t.Errorf("identity\ngot  %s\nwant %s (%s)", g, w, v.Comment)
			}
			if !slices.Equal(result.Scopes, v.Scopes) || result.ClientID != v.Client || result.Ref == "" {
				t.Errorf("scopes %q, client %q, ref %q", result.Scopes, result.ClientID, result.Ref)
			}
			if v.Expiry == 0 != result.Expiry.IsZero() || v.Expiry != 0 && result.Expiry.Unix() != v.Expiry {
				t.Errorf("expiry %v, want %d", result.Expiry, v.Expiry)
			}
			for name, want := range v.Claims {
				if got, _ := result.Claims.Text(name); got != want {
					t.Errorf("claim %s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// kindOf is how the vectors name an error.
func kindOf(err error) string {
	var invalid *bearer.InvalidError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &invalid):
		return invalid.Reason
	case errors.Is(err, bearer.ErrScope):
		return "insufficient scope"
	case errors.Is(err, ErrClient) && errors.Is(err, ErrUnavailable):
		return "client"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	}
	return "another: " + err.Error()
}

// Without a credential that could be one, nothing is asked.
func TestWhatCannotBeATokenIsNotAskedAbout(t *testing.T) {
	for _, c := range []struct {
		name, token string
		want        error
	}{
		{"empty", "", bearer.ErrMissing},
		{"with a space", "a b", bearer.ErrInvalid},
		{"with a line break", "a\nb", bearer.ErrInvalid},
		{"padding only", "==", bearer.ErrInvalid},
		{"longer than 16 KiB", strings.Repeat("x", bearer.MaxCredentials+1), bearer.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newIssuer()
			endpoint := 0
			i := f.introspector(func(o *Options) {
				o.Endpoint = func(context.Context) (string, error) { endpoint++; return testEndpoint, nil }
			})
			if result, err := i.Introspect(t.Context(), secret.New(c.token)); !errors.Is(err, c.want) || result != nil {
				t.Errorf("got %v", err)
			}
			if f.calls() != 0 || endpoint != 0 || len(f.storeKeys()) != 0 {
				t.Errorf("%d calls, %d of the endpoint, store %v", f.calls(), endpoint, f.storeKeys())
			}
		})
	}
}

// TestNothingSecretInErrorsLogsAndKeys lets a hostile endpoint and transport repeat all
// they were sent.
func TestNothingSecretInErrorsLogsAndKeys(t *testing.T) {
	echo := func(status int) func(string) (int, string, string) {
		return func(raw string) (int, string, string) {
			all := raw + " " + testSecret
			return status, "application/json", string(must(json.Marshal(map[string]any{
				"active": true, "error": all, "error_description": all, "iss": all, "sub": all, "aud": all, "scope": all, "client_id": all, "token_type": all,
			})))
		}
	}
	for name, edit := range map[string]func(*issuer){
		"refuses": func(f *issuer) { f.answer = echo(401) },
		"fails":   func(f *issuer) { f.answer = echo(500) },
		"echoes":  func(f *issuer) { f.answer = echo(200) },
		"talks": func(f *issuer) {
			f.answer = func(raw string) (int, string, string) { return 200, raw + testSecret, raw + testSecret }
		},
		"accepts":     func(f *issuer) {},
		"store fails": func(f *issuer) { f.driver = broken{} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newIssuer()
			edit(f)
			i := f.introspector(nil)
			_, err := ask(i)
			all := f.log.String() + " " + strings.Join(f.storeKeys(), " ")
			if err != nil {
				all += err.Error()
			}
			for _, key := range f.storeKeys() {
				all += string(must(f.memory.Get(t.Context(), key)))
			}
			for _, canary := range []string{token.Reveal(), testSecret, "alice"} {
				if strings.Contains(all, canary) {
					t.Errorf("%q shows in %q", canary, all)
				}
			}
		})
	}
}

func FuzzResponse(f *testing.F) {
	for _, v := range vectors[responseVector](f, "responses.json") {
		f.Add(v.body())
	}
	i := newIssuer().introspector(nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		result, err := i.judge(body, "key")
		if (result == nil) != (err != nil) {
			t.Fatalf("result %v with error %v", result, err)
		}
		if err != nil {
			if kind := kindOf(err); strings.HasPrefix(kind, "another") || len(err.Error()) > 200 {
				t.Fatalf("error %v", err)
			}
			return
		}
		active, ok := result.Claims.Flag("active")
		if !ok || !active || result.Identity.Subject == "" || result.Identity.Issuer != testIssuer || result.Claims.Has("cnf") {
			t.Fatalf("accepted %s", body)
		}
	})
}
