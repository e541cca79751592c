package signing

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"gatehouse/core/jws"
)

const (
	// DefaultLifetime of an assertion, from iat to exp.
	DefaultLifetime = 10 * time.Minute
	// MaxLifetime is what ZITADEL accepts.
	MaxLifetime = time.Hour
	// maxAudiences bounds the assertions that are kept.
	maxAudiences = 16
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrExpired: the key file's expirationDate has passed.
	ErrExpired = errors.New("signing: the key has expired")
	// ErrLifetime: a lifetime is negative or longer than MaxLifetime.
	ErrLifetime = errors.New("signing: lifetime out of bounds")
)

// Options configures [New]. Key is required.
type Options struct {
	Key *Key
	// Lifetime of an assertion; 0 means DefaultLifetime.
	Lifetime time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// testOnlyNoID leaves jti out, which makes assertions reproducible.
	testOnlyNoID bool
}

// Signer signs assertions with one key. It is safe for concurrent use.
type Signer struct {
	key      *Key
	lifetime time.Duration
	now      func() time.Time
	withID   bool

	mu   sync.Mutex
	kept map[string]signed
}

// signed is an assertion with the time it was made.
type signed struct {
	assertion string
	at        time.Time
}

// claims are an assertion's claims (RFC 7523, section 3), in this order.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expiry   int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
	ID       string `json:"jti,omitempty"`
}

// New makes a signer. The error is ErrLifetime, or about a missing key.
func New(o Options) (*Signer, error) {
	switch {
	case o.Key == nil || o.Key.private == nil:
		return nil, errors.New("signing: no key")
	case o.Lifetime < 0 || o.Lifetime > MaxLifetime:
		return nil, ErrLifetime
	}
	s := &Signer{key: o.Key, lifetime: o.Lifetime, now: o.Now, withID: !o.testOnlyNoID, kept: map[string]signed{}}
	if s.lifetime == 0 {
		s.lifetime = DefaultLifetime
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Format implements [fmt.Formatter]: a signer prints as its key's id, whatever the verb.
func (s *Signer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "signing.Signer(%s)", s.key.ID) }

// Assertion returns a JWT by which the key's subject proves to audience who it is. For
// most of its lifetime the same one is returned again, because RSA takes milliseconds in
// WebAssembly; for providers that accept each jti once only there is [Signer.Fresh]. One
// is signed at a time. The error is ErrExpired, or that of signing.
func (s *Signer) Assertion(_ context.Context, audience string) (string, error) {
	return s.assertion(audience, false)
}

// Fresh is Assertion, made anew for every call (OpenID Connect Core 1.0, section 9).
func (s *Signer) Fresh(_ context.Context, audience string) (string, error) {
	return s.assertion(audience, true)
}

func (s *Signer) assertion(audience string, fresh bool) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.key.Expiry.IsZero() && !now.Before(s.key.Expiry) {
		return "", ErrExpired
	}
	if k, ok := s.kept[audience]; ok && !fresh && s.current(k, now) {
		return k.assertion, nil
	}
	made, err := s.sign(audience, now)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	if fresh {
		return made, nil
	}
	if len(s.kept) >= maxAudiences {
		clear(s.kept)
	}
	s.kept[audience] = signed{made, now}
	return made, nil
}

// current reports whether k is good for a while. After the clock was set back it is not.
func (s *Signer) current(k signed, now time.Time) bool {
	age := now.Sub(k.at)
	return age >= 0 && age < s.lifetime*4/5
}

func (s *Signer) sign(audience string, now time.Time) (string, error) {
	c := claims{
		Issuer: s.key.Subject, Subject: s.key.Subject, Audience: audience,
		IssuedAt: now.Unix(), Expiry: now.Add(s.lifetime).Unix(),
	}
	if s.withID {
		c.ID = rand.Text()
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return jws.Sign(s.key.algorithm, s.key.private, jws.Header{KeyID: s.key.ID}, payload)
}
