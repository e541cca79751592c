package conformance

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// parseProof reads a section that changes the standard proof of possession.
func parseProof(data string) (*signedToken, error) {
	return (&signedToken{alg: "ES256", kid: "-", key: "es1", jwk: "es1", typ: "dpop+jwt"}).parse(data)
}

// makeProof builds and signs a proof of possession for r (RFC 9449, section 4.2).
func (t *signedToken) makeProof(s *scope, r *request) (string, error) {
	target, err := s.expand(r.target)
	if err != nil {
		return "", err
	}
	path, _, _ := strings.Cut(target, "?")
	claims := map[string]any{"jti": rand.Text(), "htm": r.method, "htu": s.config["APP_URL"] + path, "iat": s.now().Unix()}
	if token, ok := s.lookup("accesstoken"); ok {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return t.make(s, t.typ, claims)
}

// headerJWK is a key of the table as a header's jwk, with "/private" all of it.
func headerJWK(name string) (json.RawMessage, error) {
	name, variant, _ := strings.Cut(name, "/")
	key := signingKeys[name]
	if key == nil || variant != "" && variant != "private" {
		return nil, fmt.Errorf("unknown jwk %q", name)
	}
	k := jose.JSONWebKey{Key: key()}
	if variant == "" {
		k = k.Public()
	}
	return k.MarshalJSON()
}

// thumbprint is that of a key of the table (RFC 7638), in base64url.
func thumbprint(name string) (string, error) {
	key := signingKeys[name]
	if key == nil {
		return "", fmt.Errorf("{jkt}: unknown key %q", name)
	}
	sum, err := (&jose.JSONWebKey{Key: key().Public()}).Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}
