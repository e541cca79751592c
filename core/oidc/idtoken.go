package oidc

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"gatehouse/core/jws"
)

// maxIDToken is the longest ID token in bytes.
const maxIDToken = 64 << 10

// defaultAlgorithms are accepted when the options list none.
var defaultAlgorithms = []string{"RS256", "ES256", "PS256", "EdDSA"}

// signatures are the algorithms that can be accepted: public-key signatures only. A
// shared secret or "none" is not an option (RFC 8725, sections 3.1 and 3.2).
var signatures = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

func acceptable(names []string) []string {
	if len(names) == 0 {
		return defaultAlgorithms
	}
	var kept []string
	for _, n := range names {
		if slices.Contains(signatures, n) {
			kept = append(kept, n)
		}
	}
	return kept
}

// encoding is of hashes and of parts of tokens; a text has exactly one spelling.
var encoding = base64.RawURLEncoding.Strict()

// signedToken is a token taken apart, not yet believed.
type signedToken struct {
	alg       jws.Algorithm
	kid       string
	named     bool // has a kid
	claims    object
	input     string // what is signed
	signature []byte
}

// parseIDToken takes an ID token apart. The error is an *IDTokenError.
func parseIDToken(raw string, algorithms []string) (*signedToken, error) {
	t, reason := parseSigned(raw, algorithms, func(header object) string {
		if _, ok := header["typ"]; ok {
			// at+jwt and logout+jwt are other kinds of token (RFC 8725, section 3.11).
			if typ, _ := header.Text("typ"); !strings.EqualFold(typ, "JWT") {
				return "typ is not JWT"
			}
		}
		return ""
	})
	if reason != "" {
		return nil, refusedToken(reason)
	}
	return t, nil
}

// parseSigned takes a compact JWS apart and checks its header (RFC 7515; RFC 8725).
// algorithms is the allow-list; typed says what kind of token the header must announce.
// reason is not empty for a token that is refused.
func parseSigned(raw string, algorithms []string, typed func(header object) string) (t *signedToken, reason string) {
	if len(raw) > maxIDToken {
		return nil, "longer than 64 KiB"
	}
	m, reason := jws.Parse(raw)
	if reason != "" {
		return nil, reason
	}
	header := m.Header
	alg, _ := header.Text("alg")
	if !slices.Contains(algorithms, alg) {
		return nil, "alg is not accepted"
	}
	t = &signedToken{alg: jws.Algorithm(alg), claims: m.Payload, input: m.Input, signature: m.Signature}
	if reason := typed(header); reason != "" {
		return nil, reason
	}
	if _, t.named = header["kid"]; t.named {
		var ok bool
		if t.kid, ok = header.Text("kid"); !ok || len(t.kid) > maxKeyID {
			return nil, "malformed kid"
		}
	}
	return t, ""
}

// signedBy reports whether one of the set's keys made the signature; found is false
// when no key could have.
func (t *signedToken) signedBy(set *keySet) (signed, found bool) {
	keys := set.candidates(t.kid, t.named, t.alg)
	for _, k := range keys {
		if jws.Verify(t.alg, k.key, t.input, t.signature) {
			return true, true
		}
	}
	return false, len(keys) > 0
}

// verifyIDToken validates an ID token (OpenID Connect Core 1.0, section 3.1.3.7) and
// returns its claims. Claims are checked before the signature, so that a token of
// another client or login causes no fetch of keys. The error is ErrIDToken, or what
// getting the keys returns.
func (p *Provider) verifyIDToken(ctx context.Context, m *Metadata, raw string, e expectation) (object, error) {
	if raw == "" {
		return nil, refusedToken("missing")
	}
	algorithms := p.o.Algorithms
	if m.IDTokenSigningAlgs != nil {
		algorithms = slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return !slices.Contains(m.IDTokenSigningAlgs, a) })
	}
	t, err := parseIDToken(raw, algorithms)
	if err != nil {
		return nil, err
	}
	e.Alg = t.alg
	if reason := e.check(t.claims); reason != "" {
		return nil, refusedToken(reason)
	}
	reason, err := p.checkSignature(ctx, t)
	switch {
	case err != nil:
		return nil, err
	case reason != "":
		return nil, refusedToken(reason)
	}
	return t.claims, nil
}

// checkSignature returns why the token's signature is not the provider's, or "". The
// error is what getting the keys returns.
func (p *Provider) checkSignature(ctx context.Context, t *signedToken) (reason string, err error) {
	keys, fetched, err := p.keys.get(ctx)
	if err != nil {
		return "", err
	}
	signed, found := t.signedBy(keys.value)
	// A key may have been added or, under the same id, replaced since the copy came:
	// first another instance's copy may know it, then the provider does.
	for range 2 {
		if signed || fetched {
			break
		}
		renewed, err := p.keys.renew(ctx, keys)
		if err != nil {
			return "", err
		}
		if renewed == keys {
			break
		}
		keys = renewed
		signed, found = t.signedBy(keys.value)
	}
	switch {
	case signed:
		return "", nil
	case !found && !t.named:
		return "no kid, and not exactly one key fits", nil
	case !found:
		return "no such key", nil
	}
	return "bad signature", nil
}
