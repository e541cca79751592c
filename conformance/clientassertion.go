package conformance

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"

	"github.com/go-jose/go-jose/v4"
)

// matchClientAssertion reports whether the form got has a client assertion (RFC 7523,
// sections 2.2 and 3) that the key of CLIENT_KEY signed by alg, for the provider and for now.
// The assertion is a secret from then on.
func matchClientAssertion(s *scope, alg, got string) error {
	values, err := url.ParseQuery(got)
	if err != nil {
		return err
	}
	id, public, err := clientKey(s.config["CLIENT_KEY"])
	if err != nil {
		return fmt.Errorf("CLIENT_KEY: %w", err)
	}
	raw := values.Get("client_assertion")
	s.secrets.watch("client assertion", raw)
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return fmt.Errorf("client assertion by %s: %w", alg, err)
	}
	payload, err := signed.Verify(public)
	if err != nil {
		return fmt.Errorf("client assertion: %w", err)
	}
	if kid := signed.Signatures[0].Protected.KeyID; kid != id {
		return fmt.Errorf("client assertion: kid is %q, want %q", kid, id)
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Expiry   int64  `json:"exp"`
		ID       string `json:"jti"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return fmt.Errorf("client assertion: %w", err)
	}
	left := claims.Expiry - s.now().Unix()
	if client := s.config["CLIENT_ID"]; claims.Issuer != client || claims.Subject != client ||
		claims.Audience != s.config["AUTH_SERVER_URL"] || claims.ID == "" || left <= 0 || left > 3600 {
		return fmt.Errorf("client assertion: claims are %s", payload)
	}
	return nil
}

// clientKey returns the id and the public part of the PKCS#8 key in a key file.
func clientKey(file string) (string, crypto.PublicKey, error) {
	var f struct{ KeyID, Key string }
	if err := json.Unmarshal([]byte(file), &f); err != nil {
		return "", nil, err
	}
	block, _ := pem.Decode([]byte(f.Key))
	if block == nil {
		return "", nil, errors.New("no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", nil, err
	}
	return f.KeyID, key.(crypto.Signer).Public(), nil
}
