package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/oidc"
	"gatehouse/core/pkce"
	"gatehouse/core/secret"
)

// network answers for a provider that refuses every code.
type network struct{}

func (network) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{
		"issuer": "https://op.example.com",
		"authorization_endpoint": "https://op.example.com/authorize",
		"token_endpoint": "https://op.example.com/token",
		"jwks_uri": "https://op.example.com/keys"
	}`
	if r.URL.Path == "/token" {
		status, body = http.StatusBadRequest, `{"error":"invalid_grant"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func Example() {
	ctx := context.Background()
	provider := oidc.New(oidc.Options{
		Issuer:       "https://op.example.com",
		ClientID:     "client",
		ClientSecret: secret.New("provisioned"),
		Scopes:       []string{"openid", "email"},
		ClockSkew:    30 * time.Second,
		Egress:       &egress.Client{Transport: network{}, Hosts: []string{"op.example.com"}, Timeout: 10 * time.Second, MaxBody: 1 << 20},
	})

	// Keep verifier, state and nonce where only this browser brings them back.
	verifier := pkce.NewVerifier()
	address, err := provider.AuthorizationURL(ctx, oidc.AuthorizationRequest{
		RedirectURI: "https://app.example.com/login/callback",
		State:       "drawn at random", Nonce: "drawn at random too", Verifier: verifier,
	})
	fmt.Println(strings.HasPrefix(address, "https://op.example.com/authorize?"), err)

	// In the callback, after state was compared:
	if err := provider.CheckIssuer(ctx, "https://op.example.com", true); err != nil {
		fmt.Println(err)
	}
	login, err := provider.Redeem(ctx, oidc.Redemption{
		Code: "from the callback", RedirectURI: "https://app.example.com/login/callback",
		Nonce: "drawn at random too", Verifier: verifier,
	})
	fmt.Println(login == nil, errors.Is(err, oidc.ErrTokenRefused))
	// Output:
	// true <nil>
	// true true
}
