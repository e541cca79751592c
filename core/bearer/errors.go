package bearer

import (
	"errors"
	"strings"
)

// Errors that callers tell apart with errors.Is, and the status of each (RFC 6750,
// section 3.1).
var (
	// ErrMissing: there are no credentials; 401.
	ErrMissing = errors.New("bearer: no token")
	// ErrRequest: the credentials are ambiguous; 400.
	ErrRequest = errors.New("bearer: more than one Authorization header")
	// ErrInvalid: the token is malformed, expired, revoked or not for us; 401.
	// errors.As finds an [*InvalidError].
	ErrInvalid = errors.New("bearer: token refused")
	// ErrScope: the token is good and does not reach far enough; 403. errors.As finds
	// a [*ScopeError].
	ErrScope = errors.New("bearer: insufficient scope")
)

// InvalidError says which rule a token broke. It does not say that the token breaks no
// other. The reason is for the log: who presents a token learns only that it is invalid.
type InvalidError struct {
	// Reason is a fixed text; it never contains any part of a token or its claims.
	Reason string
}

// Refuse returns an error that is ErrInvalid. reason must be a fixed text.
func Refuse(reason string) error { return &InvalidError{Reason: reason} }

// Error implements error.
func (e *InvalidError) Error() string { return "bearer: token refused: " + e.Reason }

// Is makes the error an ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// ScopeError says which scopes a request needs.
type ScopeError struct{ Required []string }

// Error implements error.
func (e *ScopeError) Error() string { return ErrScope.Error() }

// Is makes the error an ErrScope.
func (e *ScopeError) Is(target error) bool { return target == ErrScope }

// Challenge returns the WWW-Authenticate value that goes with err (RFC 6750, section
// 3): without a code when there were no credentials (section 3.1), and "" for an error
// that is none of this package's.
func Challenge(err error) string {
	var scopes *ScopeError
	switch {
	case err == nil, errors.Is(err, ErrMissing):
		return scheme
	case errors.Is(err, ErrRequest):
		return scheme + ` error="invalid_request"`
	case errors.Is(err, ErrInvalid):
		return scheme + ` error="invalid_token"`
	case errors.As(err, &scopes):
		var named []string
		for _, s := range scopes.Required {
			if ValidScope(s) {
				named = append(named, s)
			}
		}
		if len(named) == 0 {
			return scheme + ` error="insufficient_scope"`
		}
		return scheme + ` error="insufficient_scope", scope="` + strings.Join(named, " ") + `"`
	}
	return ""
}

// ValidScope reports whether s is one scope-token (RFC 6749, section 3.3), which needs
// no escaping in a challenge.
func ValidScope(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
