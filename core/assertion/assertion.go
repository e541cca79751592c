// Package assertion signs short-lived JWTs (RFC 7519) that tell the application behind
// the gateway who a request was made by.
package assertion

import (
	"time"

	"gatehouse/core/identity"
)

// Signer signs assertions. It is safe for concurrent use.
type Signer struct{}

// New makes a signer from a PEM private key.
func New(pemText, issuer, audience string, now func() time.Time) (*Signer, error) {
	return &Signer{}, nil
}

// Sign returns an assertion about id.
func (s *Signer) Sign(id *identity.Identity, sessionRef string) (string, error) { return "", nil }

// JWKS returns the public keys as a JWK Set.
func (s *Signer) JWKS() []byte { return nil }
