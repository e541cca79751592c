package clientauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"testing"

	"gatehouse/core/clientauth"
	"gatehouse/core/secret"
)

// apply returns what a method adds.
func apply(t *testing.T, m clientauth.Method) (url.Values, http.Header) {
	t.Helper()
	form, header := url.Values{}, http.Header{}
	if err := m(t.Context(), form, header); err != nil {
		t.Fatal(err)
	}
	return form, header
}

func TestBasicVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/basic.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Name, Comment, ID, Secret, Expect string }
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("%d vectors, error %v", len(vectors), err)
	}
	for _, c := range vectors {
		t.Run(c.Name, func(t *testing.T) {
			form, header := apply(t, clientauth.Basic(c.ID, secret.New(c.Secret)))
			if got := header.Get("Authorization"); got != c.Expect || len(form) != 0 {
				t.Errorf("got %q and %v, want %q (%s)", got, form, c.Expect, c.Comment)
			}
		})
	}
}

func TestMethodsOfTheForm(t *testing.T) {
	const id, kind = "78366401571920522@acme", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	sign := func(_ context.Context, audience string) (string, error) { return "signed for " + audience, nil }
	for _, c := range []struct {
		name   string
		method clientauth.Method
		want   url.Values
	}{
		{"client_secret_post", clientauth.Post(id, secret.New("a&b")), url.Values{"client_id": {id}, "client_secret": {"a&b"}}},
		{"none", clientauth.None(id), url.Values{"client_id": {id}}},
		{"private_key_jwt", clientauth.PrivateKeyJWT("https://issuer.zitadel.ch", sign),
			url.Values{"client_assertion_type": {kind}, "client_assertion": {"signed for https://issuer.zitadel.ch"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			form, header := apply(t, c.method)
			if form.Encode() != c.want.Encode() || len(header) != 0 {
				t.Errorf("got %v and %v, want %v", form, header, c.want)
			}
		})
	}
}

func TestWithoutAnAssertionNothingIsAdded(t *testing.T) {
	cause := errors.New("key expired")
	for name, f := range map[string]clientauth.AssertionFunc{
		"no function": nil,
		"it fails":    func(context.Context, string) (string, error) { return "x", cause },
	} {
		form, header := url.Values{}, http.Header{}
		err := clientauth.PrivateKeyJWT("a", f)(t.Context(), form, header)
		if !errors.Is(err, clientauth.ErrAssertion) || errors.Is(err, cause) != (f != nil) || len(form)+len(header) != 0 {
			t.Errorf("%s: %v, added %v %v", name, err, form, header)
		}
	}
}
