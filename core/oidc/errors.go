package oidc

import (
	"errors"
	"fmt"

	"gatehouse/core/stepup"
)

// Errors that callers tell apart with errors.Is. Each comes wrapped in an error
// whose text is for the log, not for users.
var (
	// ErrUnavailable: the provider could not be asked, or answered nonsense. Trying
	// again later may help.
	ErrUnavailable = errors.New("oidc: provider unavailable")
	// ErrMetadata: the provider's metadata is not acceptable. Somebody has to change
	// the configuration, here or there.
	ErrMetadata = errors.New("oidc: provider metadata refused")
	// ErrIssuer: the authorization response is not from this issuer (RFC 9207).
	ErrIssuer = errors.New("oidc: authorization response from another issuer")
	// ErrIDToken: the ID token is missing or not acceptable; errors.As finds an
	// [*IDTokenError].
	ErrIDToken = errors.New("oidc: ID token refused")
	// ErrNonce: the ID token belongs to another login, which is what an injected code
	// leads to at a provider that ignores PKCE (RFC 9700, section 4.5). It is an
	// ErrIDToken too.
	ErrNonce = errors.New("oidc: ID token of another login")
	// ErrTokenRefused: the token endpoint, or the one for pushed authorization requests,
	// answered with an error of RFC 6749, section 5.2; errors.As finds a [*TokenError].
	ErrTokenRefused = errors.New("oidc: token request refused")
	// ErrWeakLogin: the ID token is good, and the login that it is about is not what was
	// demanded, or nothing says that it is. It is an ErrIDToken too.
	ErrWeakLogin = errors.New("oidc: login does not meet the demand")
	// ErrUserinfo: the userinfo answer is refused, by the provider or by us.
	ErrUserinfo = errors.New("oidc: userinfo refused")
)

// IDTokenError says which rule an ID token broke. It does not say that the token
// breaks no other.
type IDTokenError struct {
	// Reason is a fixed text; it never contains any part of a token.
	Reason string
}

// Error implements error.
func (e *IDTokenError) Error() string { return "oidc: ID token refused: " + e.Reason }

// reasonNonce is the reason of an ErrNonce.
const reasonNonce = "nonce is not the request's"

// Is makes the error an ErrIDToken, one about the nonce an ErrNonce, and one about a
// demand an ErrWeakLogin.
func (e *IDTokenError) Is(target error) bool {
	switch target {
	case ErrIDToken:
		return true
	case ErrNonce:
		return e.Reason == reasonNonce
	case ErrWeakLogin:
		return e.Reason == stepup.ReasonACR || e.Reason == stepup.ReasonNoTime || e.Reason == stepup.ReasonAge
	}
	return false
}

// TokenError is an error answer of the token endpoint (RFC 6749, section 5.2) or the one
// for pushed authorization requests (RFC 9126, section 2.3). What the provider wrote is
// bounded, printable, and rid of the request's secrets.
type TokenError struct {
	// Endpoint says which one, in words.
	Endpoint    string
	Status      int
	Code        string
	Description string
}

// Error implements error.
func (e *TokenError) Error() string {
	s := fmt.Sprintf("oidc: request refused by the %s: status %d: %s", e.Endpoint, e.Status, e.Code)
	if e.Description != "" {
		s += ": " + e.Description
	}
	return s
}

// Is makes the error an ErrTokenRefused.
func (e *TokenError) Is(target error) bool { return target == ErrTokenRefused }

// unavailable makes an ErrUnavailable; cause may be nil.
func unavailable(what string, cause error) error {
	if cause == nil {
		return fmt.Errorf("%w: %s", ErrUnavailable, what)
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, cause)
}

func refusedMetadata(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMetadata, fmt.Sprintf(format, args...))
}

func refusedToken(reason string) error { return &IDTokenError{Reason: reason} }
