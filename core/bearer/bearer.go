// Package bearer is the protected resource's side of bearer tokens: where a request
// carries one and how it is refused (RFC 6750), and the rules that what is known about
// a token must satisfy (RFC 7662, section 4; RFC 9068, section 4).
//
// It guarantees that no error and no challenge contains any part of a token. Who
// verifies tokens, introspection or package oidc, calls [Policy.Check] before anything
// is believed.
package bearer

import (
	"net/http"
	"strings"

	"gatehouse/core/secret"
)

const (
	scheme = "Bearer"
	// MaxCredentials is the longest value of an Authorization header that is read.
	MaxCredentials = 16 << 10
)

// Parse returns the bearer token of a request's Authorization header (RFC 6750, section
// 2.1). Queries and forms are not looked at. present is false, and err nil, when the
// header is missing, empty, or of another scheme. The error is ErrRequest for more than
// one header, which some platforms join by commas (RFC 9110, section 5.3), and
// ErrInvalid for credentials that are malformed or longer than MaxCredentials; present
// is then true and token empty.
func Parse(h http.Header) (token secret.Text, present bool, err error) {
	return ParseScheme(h, scheme)
}

// ParseScheme is Parse for a scheme whose credentials are an access token too.
func ParseScheme(h http.Header, scheme string) (token secret.Text, present bool, err error) {
	values := h["Authorization"]
	several := len(values) > 1
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			present = present || isScheme(part, scheme)
			several = several || len(part) < len(v)
		}
	}
	switch {
	case !present:
		return secret.Text{}, false, nil
	case several:
		return secret.Text{}, true, ErrRequest
	}
	value := strings.Trim(values[0], " \t")
	if len(value) > MaxCredentials {
		return secret.Text{}, true, Refuse("longer than 16 KiB")
	}
	text := value[len(scheme):]
	raw := strings.TrimLeft(text, " ")
	if len(raw) == len(text) || !Valid(raw) {
		return secret.Text{}, true, Refuse("malformed")
	}
	return secret.New(raw), true, nil
}

// isScheme reports whether a header's value is of a scheme, in any case (RFC 9110,
// section 11.1).
func isScheme(value, scheme string) bool {
	value = strings.TrimLeft(value, " \t")
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return false
	}
	rest := value[len(scheme):]
	return rest == "" || !strings.ContainsRune(tokenPunctuation, rune(rest[0])) && !isAlphanumeric(rest[0])
}

// tokenPunctuation is what the name of a scheme may have besides letters and digits
// (RFC 9110, section 5.6.2).
const tokenPunctuation = "!#$%&'*+-.^_`|~"

// Valid reports whether s is a b64token (RFC 6750, section 2.1) of at most
// MaxCredentials.
func Valid(s string) bool {
	body := strings.TrimRight(s, "=")
	if body == "" || len(s) > MaxCredentials {
		return false
	}
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case isAlphanumeric(c), c == '-', c == '.', c == '_', c == '~', c == '+', c == '/':
		default:
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
