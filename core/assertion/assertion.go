// Package assertion signs short-lived JWTs (RFC 7519) that tell the application behind
// the gateway who a request was made by.
//
// The application verifies them with the published keys ([Signer.JWKS]) and must
// check iss, aud and exp besides the signature. An assertion is a bearer statement
// about one minute, not a session: it says nothing about later requests.
package assertion

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/jwk"
	"gatehouse/core/jws"
)

const (
	// Lifetime of an assertion, from iat to exp.
	Lifetime = time.Minute
	// reuseFor is how long one is handed out again instead of signed anew: signing
	// costs milliseconds in WebAssembly.
	reuseFor = 30 * time.Second
	// maxReused bounds how many are kept.
	maxReused = 10_000
)

// claims are the assertion's claims; names are those of OpenID Connect Core 1.0,
// section 5.1, where it has them.
type claims struct {
	Issuer            string   `json:"iss"`
	Audience          string   `json:"aud"`
	Subject           string   `json:"sub"`
	IssuedAt          int64    `json:"iat"`
	Expiry            int64    `json:"exp"`
	Email             string   `json:"email,omitempty"`
	EmailVerified     *bool    `json:"email_verified,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	Name              string   `json:"name,omitempty"`
	Groups            []string `json:"groups,omitempty"`
	// Roles are the names of the ZITADEL project's roles, sorted.
	Roles []string `json:"roles,omitempty"`
	// IdentityProvider is the issuer that authenticated the subject: sub is unique
	// only together with it.
	IdentityProvider string `json:"idp"`
}

// Signer signs assertions with one key. It is safe for concurrent use.
type Signer struct {
	issuer, audience string
	now              func() time.Time
	key              key
	jwks             []byte

	mu   sync.Mutex
	kept map[reuse]signed
}

// reuse identifies what was signed. Holding the identity keeps its address from being
// used for another.
type reuse struct {
	sessionRef string
	id         *identity.Identity
}

type signed struct {
	token string
	at    time.Time
}

// New makes a signer from a PEM private key: P-256 in PKCS#8 or SEC 1 (ES256), or
// Ed25519 in PKCS#8 (EdDSA). issuer is the gateway's public origin, audience the
// application. now is the clock; nil means time.Now. The error never contains any
// part of the key.
func New(pemText, issuer, audience string, now func() time.Time) (*Signer, error) {
	if issuer == "" || audience == "" {
		return nil, errors.New("assertion: issuer and audience are required")
	}
	if now == nil {
		now = time.Now
	}
	k, err := parseKey(pemText)
	if err != nil {
		return nil, err
	}
	s := &Signer{key: k, issuer: issuer, audience: audience, now: now, kept: map[reuse]signed{}}
	if s.jwks, err = json.Marshal(jwk.Set{Keys: []jwk.Key{k.public}}); err != nil {
		return nil, fmt.Errorf("assertion: %w", err)
	}
	return s, nil
}

// Format implements [fmt.Formatter]: a signer prints as its issuer, whatever the verb,
// because it holds the private key.
func (s *Signer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "assertion.Signer(%s)", s.issuer) }

// JWKS returns the public key as a JWK Set (RFC 7517, section 5). The caller owns the
// slice.
func (s *Signer) JWKS() []byte { return slices.Clone(s.jwks) }

// Sign returns an assertion about id, which must not change afterwards: for the same
// sessionRef and id it may return the one it made up to 30 seconds ago. An empty
// sessionRef is signed for every time.
func (s *Signer) Sign(id *identity.Identity, sessionRef string) (string, error) {
	if id == nil || id.Subject == "" {
		return "", errors.New("assertion: no subject")
	}
	key, now := reuse{sessionRef, id}, s.now()
	if sessionRef != "" {
		if token, ok := s.find(key, now); ok {
			return token, nil
		}
	}
	token, err := s.sign(id, now)
	if err != nil {
		return "", fmt.Errorf("assertion: %w", err)
	}
	if sessionRef != "" {
		s.keep(key, signed{token, now})
	}
	return token, nil
}

func (s *Signer) sign(id *identity.Identity, now time.Time) (string, error) {
	payload, err := json.Marshal(claims{
		Issuer: s.issuer, Audience: s.audience, Subject: id.Subject,
		IssuedAt: now.Unix(), Expiry: now.Add(Lifetime).Unix(),
		Email: id.Email, EmailVerified: id.EmailVerified,
		PreferredUsername: id.PreferredUsername, Name: id.Name,
		Groups: id.Groups, Roles: id.RoleNames(),
		IdentityProvider: id.Issuer,
	})
	if err != nil {
		return "", err
	}
	return jws.Sign(s.key.algorithm, s.key.private, jws.Header{KeyID: s.key.public.ID, Type: "JWT"}, payload)
}

func (s *Signer) find(key reuse, now time.Time) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[key]
	return k.token, ok && k.current(now)
}

// current is false after the clock was set back, too.
func (k signed) current(now time.Time) bool {
	age := now.Sub(k.at)
	return age >= 0 && age < reuseFor
}

func (s *Signer) keep(key reuse, k signed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= maxReused {
		maps.DeleteFunc(s.kept, func(_ reuse, other signed) bool { return !other.current(k.at) })
	}
	if len(s.kept) >= maxReused {
		clear(s.kept)
	}
	s.kept[key] = k
}
