package bearer_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatehouse/core/bearer"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("x", bearer.MaxCredentials-len("Bearer "))
	for _, c := range []struct {
		name    string
		headers []string
		token   string
		present bool
		err     error
	}{
		{"RFC 6750 section 2.1", []string{"Bearer mF_9.B5f-4.1JqM"}, "mF_9.B5f-4.1JqM", true, nil},
		{"scheme in lower case", []string{"bearer abc"}, "abc", true, nil},
		{"scheme in mixed case", []string{"bEaReR abc"}, "abc", true, nil},
		{"several spaces", []string{"Bearer   abc"}, "abc", true, nil},
		{"white space around", []string{" Bearer abc\t"}, "abc", true, nil},
		{"every character of a b64token", []string{"Bearer aZ09-._~+/=="}, "aZ09-._~+/==", true, nil},
		{"16 KiB", []string{"Bearer " + long}, long, true, nil},
		{"no header", nil, "", false, nil},
		{"empty header", []string{""}, "", false, nil},
		{"Basic", []string{"Basic YTpi"}, "", false, nil},
		{"DPoP", []string{"DPoP abc"}, "", false, nil},
		{"scheme that begins like ours", []string{"BearerX abc"}, "", false, nil},
		{"scheme with a dash", []string{"Bearer-X abc"}, "", false, nil},
		{"two headers of other schemes", []string{"Basic YTpi", "DPoP abc"}, "", false, nil},
		{"two headers", []string{"Bearer abc", "Bearer abc"}, "", true, bearer.ErrRequest},
		{"another scheme first", []string{"Basic YTpi", "Bearer abc"}, "", true, bearer.ErrRequest},
		{"an empty header second", []string{"Bearer abc", ""}, "", true, bearer.ErrRequest},
		{"one byte more than 16 KiB", []string{"Bearer " + long + "x"}, "", true, bearer.ErrInvalid},
		{"no token", []string{"Bearer"}, "", true, bearer.ErrInvalid},
		{"no token after the space", []string{"Bearer "}, "", true, bearer.ErrInvalid},
		{"two tokens", []string{"Bearer abc def"}, "", true, bearer.ErrInvalid},
		{"two credentials in one header", []string{"Bearer abc, Bearer def"}, "", true, bearer.ErrRequest},
		{"tab after the scheme", []string{"Bearer\tabc"}, "", true, bearer.ErrInvalid},
		{"comma after the scheme", []string{"Bearer,abc"}, "", true, bearer.ErrRequest},
		{"quoted", []string{`Bearer "abc"`}, "", true, bearer.ErrInvalid},
		{"padding only", []string{"Bearer =="}, "", true, bearer.ErrInvalid},
		{"padding inside", []string{"Bearer a=b"}, "", true, bearer.ErrInvalid},
		{"beyond ASCII", []string{"Bearer ä"}, "", true, bearer.ErrInvalid},
		{"control character", []string{"Bearer a\x00b"}, "", true, bearer.ErrInvalid},
		{"percent", []string{"Bearer a%20b"}, "", true, bearer.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, present, err := bearer.Parse(http.Header{"Authorization": c.headers})
			if token.Reveal() != c.token || present != c.present || !errors.Is(err, c.err) {
				t.Errorf("%q, %v, %v; want %q, %v, %v", token.Reveal(), present, err, c.token, c.present, c.err)
			}
		})
	}
}

// G8: a token in the query or the body is no credential (RFC 9700, section 4.3.2).
func TestOnlyTheHeaderIsRead(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, "https://app.example.com/?access_token=abc", strings.NewReader("access_token=abc"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token, present, err := bearer.Parse(r.Header); present || err != nil || !token.Empty() {
		t.Errorf("present %v, error %v", present, err)
	}
}

func TestChallenges(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no error, no credentials", nil, "Bearer"},
		{"no credentials", bearer.ErrMissing, "Bearer"},
		{"ambiguous", bearer.ErrRequest, `Bearer error="invalid_request"`},
		{"invalid", bearer.Refuse("aud is none of ours"), `Bearer error="invalid_token"`},
		{"invalid, wrapped", fmt.Errorf("x: %w", bearer.Refuse("expired")), `Bearer error="invalid_token"`},
		{"scope", &bearer.ScopeError{Required: []string{"read", "urn:x:y"}}, `Bearer error="insufficient_scope", scope="read urn:x:y"`},
		{"scope that would end the quotes is not named", &bearer.ScopeError{Required: []string{`a"b`, "", "c d", "e\r\n", "f"}}, `Bearer error="insufficient_scope", scope="f"`},
		{"nothing to name", &bearer.ScopeError{Required: []string{`"`}}, `Bearer error="insufficient_scope"`},
		{"another error", errors.New("down"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := bearer.Challenge(c.err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"Bearer mF_9.B5f-4.1JqM", "bearer  a==", "Basic YTpi", "Bearer", "Bearer a b", "Bearer\ta", "Bearer a,", " Bearer a ", "BearerX a"} {
		f.Add(s, "", false)
	}
	f.Add("Bearer a", "Basic b", true)
	f.Fuzz(func(t *testing.T, one, two string, both bool) {
		values := []string{one}
		if both {
			values = append(values, two)
		}
		token, present, err := bearer.Parse(http.Header{"Authorization": values})
		switch {
		case err != nil && (!present || !token.Empty()):
			t.Fatalf("present %v with %v", present, err)
		case err != nil && bearer.Challenge(err) == "":
			t.Fatalf("no challenge for %v", err)
		case err == nil && present != !token.Empty():
			t.Fatalf("present %v, token %q", present, token.Reveal())
		case present && err == nil && (both || !bearer.Valid(token.Reveal()) || !strings.HasSuffix(strings.TrimRight(one, " \t"), token.Reveal())):
			t.Fatalf("token %q of %q", token.Reveal(), values)
		}
		if err != nil && len(one) > 20 && strings.Contains(err.Error(), one) {
			t.Fatal("the error repeats the header")
		}
	})
}

func TestParseAnotherScheme(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		token   string
		present bool
		err     error
	}{
		{"one", []string{"DPoP abc"}, "abc", true, nil},
		{"in lower case", []string{"dpop abc"}, "abc", true, nil},
		{"bearer", []string{"Bearer abc"}, "", false, nil},
		{"scheme that begins like it", []string{"DPoPX abc"}, "", false, nil},
		{"bearer beside it", []string{"DPoP abc", "Bearer abc"}, "", true, bearer.ErrRequest},
		{"bearer in one line with it", []string{"Bearer abc, DPoP abc"}, "", true, bearer.ErrRequest},
		{"no token", []string{"DPoP"}, "", true, bearer.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, present, err := bearer.ParseScheme(http.Header{"Authorization": c.headers}, "DPoP")
			if token.Reveal() != c.token || present != c.present || !errors.Is(err, c.err) {
				t.Errorf("%q, %v, %v", token.Reveal(), present, err)
			}
		})
	}
}
