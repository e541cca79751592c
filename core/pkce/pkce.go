// Package pkce is Proof Key for Code Exchange (RFC 7636) with the method S256 and no
// other: "plain" neither leaves nor enters this package.
//
// A caller draws one [Verifier] per authorization request, sends its challenge in
// the front channel, keeps the verifier where the user agent cannot read it, and
// reveals it to the token endpoint only.
package pkce

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/oauth2"

	"gatehouse/core/secret"
)

// Errors of the parsers.
var (
	// ErrVerifier: not 43 to 128 unreserved characters (RFC 7636, section 4.1).
	ErrVerifier = errors.New("pkce: invalid code verifier")
	// ErrMethod: a code_challenge_method other than S256, or none, which would
	// mean plain (section 4.3).
	ErrMethod = errors.New("pkce: code challenge method is not S256")
	// ErrChallenge: not the base64url form of 32 octets.
	ErrChallenge = errors.New("pkce: invalid code challenge")
)

// Method is the only code_challenge_method.
const Method = "S256"

// Lengths of a verifier (RFC 7636, section 4.1).
const (
	minVerifier = 43
	maxVerifier = 128
)

// Verifier is a code verifier. It prints as "[redacted]"; only [Verifier.Reveal]
// gives the value. The zero Verifier is no verifier: see [Verifier.IsZero].
type Verifier struct{ value secret.Text }

// NewVerifier draws a verifier of 32 random octets, the size that RFC 7636, section
// 7.1 recommends.
func NewVerifier() Verifier {
	return Verifier{secret.New(oauth2.GenerateVerifier())}
}

// ParseVerifier accepts text as a verifier. The error is ErrVerifier and does not
// contain the text.
func ParseVerifier(text string) (Verifier, error) {
	if len(text) < minVerifier || len(text) > maxVerifier {
		return Verifier{}, ErrVerifier
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return Verifier{}, ErrVerifier
		}
	}
	return Verifier{secret.New(text)}, nil
}

// IsZero reports whether v holds no verifier.
func (v Verifier) IsZero() bool { return v.value.Empty() }

// Reveal returns the verifier's text, for the token request and for sealed storage.
func (v Verifier) Reveal() string { return v.value.Reveal() }

// String implements [fmt.Stringer].
func (v Verifier) String() string { return v.value.String() }

// Format implements [fmt.Formatter], so that no verb shows the verifier.
func (v Verifier) Format(f fmt.State, verb rune) { v.value.Format(f, verb) }

// LogValue implements [slog.LogValuer].
func (v Verifier) LogValue() slog.Value { return v.value.LogValue() }

// MarshalText implements [encoding.TextMarshaler]; it never fails.
func (v Verifier) MarshalText() ([]byte, error) { return v.value.MarshalText() }

// Challenge returns the S256 code challenge (RFC 7636, section 4.2): 43 characters.
func (v Verifier) Challenge() string {
	return oauth2.S256ChallengeFromVerifier(v.value.Reveal())
}

// challengeEncoding is strict, so that 32 octets have exactly one challenge.
var challengeEncoding = base64.RawURLEncoding.Strict()

// challengeSize is the length of 32 octets in base64url without padding.
const challengeSize = 43

// ParseChallenge checks the code_challenge and code_challenge_method of an
// authorization request and returns the challenge. The error is ErrMethod or
// ErrChallenge.
func ParseChallenge(challenge, method string) (string, error) {
	if method != Method {
		return "", ErrMethod
	}
	if len(challenge) != challengeSize {
		return "", ErrChallenge
	}
	raw, err := challengeEncoding.DecodeString(challenge)
	if err != nil || len(raw) != sha256.Size {
		return "", ErrChallenge
	}
	return challenge, nil
}

// Verify reports whether challenge was made from v (RFC 7636, section 4.6). It takes
// the same time wherever the two differ. The zero Verifier matches nothing.
func Verify(challenge string, v Verifier) bool {
	if v.IsZero() {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(challenge), []byte(v.Challenge())) == 1
}
