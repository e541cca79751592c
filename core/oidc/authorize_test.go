package oidc

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"gatehouse/core/pkce"
	"gatehouse/core/secret"
)

func testRequest() AuthorizationRequest {
	return AuthorizationRequest{RedirectURI: testRedirect, State: "af0ifjsldkj", Nonce: testNonce, Verifier: testVerifier}
}

func TestAuthorizationURLs(t *testing.T) {
	type vector struct {
		Name, Comment, Endpoint, Expect string
		Scopes                          []string
	}
	for _, c := range vectors[vector](t, "authorization_urls.json") {
		t.Run(c.Name, func(t *testing.T) {
			f := newFake(t)
			f.metadata["authorization_endpoint"] = c.Endpoint
			got, err := f.provider(func(o *Options) { o.Scopes = c.Scopes }).AuthorizationURL(context.Background(), testRequest())
			if err != nil || got != c.Expect {
				t.Errorf("got  %s, %v\nwant %s (%s)", got, err, c.Expect, c.Comment)
			}
			if strings.Contains(got, testVerifier.Reveal()) || strings.Contains(got, testSecret) {
				t.Error("a secret is in the address")
			}
			query := must(url.Parse(got)).Query()
			if !pkce.Verify(query.Get("code_challenge"), testVerifier) {
				t.Error("the challenge is not the verifier's")
			}
			for name, values := range query {
				if len(values) != 1 {
					t.Errorf("%s stands there %d times", name, len(values))
				}
			}
		})
	}
}

func TestAuthorizationRequestIsWhole(t *testing.T) {
	for name, edit := range map[string]func(*AuthorizationRequest){
		"no redirect URI": func(r *AuthorizationRequest) { r.RedirectURI = "" },
		"no state":        func(r *AuthorizationRequest) { r.State = "" },
		"no nonce":        func(r *AuthorizationRequest) { r.Nonce = "" },
		"no verifier":     func(r *AuthorizationRequest) { r.Verifier = pkce.Verifier{} },
	} {
		t.Run(name, func(t *testing.T) {
			f, r := newFake(t), testRequest()
			edit(&r)
			if got, err := f.provider(nil).AuthorizationURL(context.Background(), r); err == nil || got != "" || len(f.asked) != 0 {
				t.Errorf("got %q, %v, asked %v", got, err, f.asked)
			}
		})
	}
}

func TestCheckIssuer(t *testing.T) {
	for _, c := range []struct {
		name, iss         string
		present, promised bool
		want              error
		asked             int
	}{
		{"ours", testIssuer, true, true, nil, 0},
		{"ours without a promise", testIssuer, true, false, nil, 0},
		{"missing without a promise", "", false, false, nil, 1},
		{"missing although promised", "", false, true, ErrIssuer, 1},
		{"empty", "", true, false, ErrIssuer, 0},
		{"another provider's", "https://evil.example", true, true, ErrIssuer, 0},
		{"another provider's without a promise", "https://evil.example", true, false, ErrIssuer, 0},
		{"with a slash more", testIssuer + "/", true, true, ErrIssuer, 0},
		{"in other case", "https://OP.example.com", true, true, ErrIssuer, 0},
		{"percent-encoded", "https%3A%2F%2Fop.example.com", true, true, ErrIssuer, 0},
		{"with line breaks", testIssuer + "\r\n", true, true, ErrIssuer, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.metadata["authorization_response_iss_parameter_supported"] = c.promised
			err := f.provider(nil).CheckIssuer(context.Background(), c.iss, c.present)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error has lines: %q", err)
			}
			if n := f.count(discovery); n != c.asked {
				t.Errorf("metadata was asked %d times, want %d", n, c.asked)
			}
		})
	}
	t.Run("missing while the provider is down", func(t *testing.T) {
		f := newFake(t)
		f.fail(discovery, 500)
		if err := f.provider(nil).CheckIssuer(context.Background(), "", false); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEndSessionURL(t *testing.T) {
	const endpoint = testIssuer + "/end_session"
	hint := secret.New("e30.e30.AA")
	for _, c := range []struct {
		name, endpoint string
		request        EndSession
		want           string
	}{
		{"everything", endpoint, EndSession{hint, "https://app.example.com/", "xyz"},
			endpoint + "?client_id=78366401571920522%40amce&id_token_hint=e30.e30.AA&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F&state=xyz"},
		{"nothing", endpoint, EndSession{}, endpoint + "?client_id=78366401571920522%40amce"},
		{"endpoint with a query", endpoint + "?tenant=a", EndSession{IDTokenHint: hint}, endpoint + "?tenant=a&client_id=78366401571920522%40amce&id_token_hint=e30.e30.AA"},
		{"hint too long for an address", endpoint, EndSession{secret.New(strings.Repeat("x", 8000)), "", "xyz"}, endpoint + "?client_id=78366401571920522%40amce&state=xyz"},
		{"endpoint missing", "", EndSession{IDTokenHint: hint}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.metadata["end_session_endpoint"] = c.endpoint
			if c.endpoint == "" {
				delete(f.metadata, "end_session_endpoint")
			}
			got, offered, err := f.provider(nil).EndSessionURL(context.Background(), c.request)
			if err != nil || got != c.want || offered != (c.want != "") {
				t.Errorf("got  %s, %v, %v\nwant %s", got, offered, err, c.want)
			}
		})
	}
	t.Run("provider down", func(t *testing.T) {
		f := newFake(t)
		f.fail(discovery, 500)
		if got, offered, err := f.provider(nil).EndSessionURL(context.Background(), EndSession{}); !errors.Is(err, ErrUnavailable) || offered || got != "" {
			t.Errorf("got %q, %v, %v", got, offered, err)
		}
	})
}
