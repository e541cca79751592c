// Package clientauth is how the gateway proves to a provider's endpoints which client
// it is: RFC 6749, section 2.3.1, and RFC 7523, section 2.2.
package clientauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"gatehouse/core/secret"
)

// Parameters of a request (RFC 6749, section 2.3.1; RFC 7521, section 4.2).
const (
	paramID            = "client_id"
	paramSecret        = "client_secret"
	paramAssertion     = "client_assertion"
	paramAssertionType = "client_assertion_type"

	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// ErrAssertion: no assertion could be made. The cause is wrapped.
var ErrAssertion = errors.New("clientauth: no client assertion")

// Method adds a client's credentials to a request: to its form or to its header. It is
// safe for concurrent use. What it adds is secret and must not be logged.
type Method func(ctx context.Context, form url.Values, header http.Header) error

// AssertionFunc returns a signed JWT that proves the client's identity to audience (RFC
// 7523, section 3); see package signing.
type AssertionFunc func(ctx context.Context, audience string) (string, error)

// None names the client without proof; for public clients, which PKCE protects.
func None(id string) Method {
	return func(_ context.Context, form url.Values, _ http.Header) error {
		form.Set(paramID, id)
		return nil
	}
}

// Basic is client_secret_basic.
func Basic(id string, s secret.Text) Method {
	return func(_ context.Context, _ url.Values, header http.Header) error {
		header.Set("Authorization", basic(id, s.Reveal()))
		return nil
	}
}

// Post is client_secret_post.
func Post(id string, s secret.Text) Method {
	return func(_ context.Context, form url.Values, _ http.Header) error {
		form.Set(paramID, id)
		form.Set(paramSecret, s.Reveal())
		return nil
	}
}

// PrivateKeyJWT is private_key_jwt. audience is what the provider wants to be called:
// ZITADEL takes its issuer, and one value only.
func PrivateKeyJWT(audience string, assertion AssertionFunc) Method {
	return func(ctx context.Context, form url.Values, _ http.Header) error {
		if assertion == nil {
			return ErrAssertion
		}
		signed, err := assertion(ctx, audience)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrAssertion, err)
		}
		form.Set(paramAssertionType, assertionType)
		form.Set(paramAssertion, signed)
		return nil
	}
}

// basic form-encodes both parts first (RFC 6749, section 2.3.1).
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}
