package proxy

import (
	"net/http"
	"strings"

	"gatehouse/core/identity"
)

// maxIdentity bounds the identity headers' names and values together.
const maxIdentity = 8 << 10

// Names of identity headers that are not configurable.
const (
	headerEmailVerified = "X-Gatehouse-Email-Verified"
	headerIssuer        = "X-Gatehouse-Issuer"
	headerName          = "X-Gatehouse-Name"
	headerRoles         = "X-Gatehouse-Roles"
	headerAccessToken   = "X-Forwarded-Access-Token"
	headerAssertion     = "X-Gatehouse-Assertion"
)

// IdentityHeaders returns the headers that tell the application about id, one value
// each and none for what was not asserted; nil for nil. The result may be kept with
// the session and used for any number of requests; it must not be changed.
//
// Values are printable ASCII: other bytes, "%" and blanks that are not single
// within the text are percent-encoded, so that decodeURIComponent restores the
// value; in lists, so are the commas of an item. Nothing is ever cut: when all of
// it exceeds 8 KiB, the error is [ErrIdentityTooLarge] and the header nil.
func (r *Rules) IdentityHeaders(id *identity.Identity) (http.Header, error) {
	if id == nil {
		return nil, nil
	}
	h := make(http.Header, 8)
	size := 0
	set := func(name, value string) {
		if name != "" && value != "" {
			h[name] = []string{value}
			size += len(name) + len(value)
		}
	}
	set(r.user, encodeValue(id.Subject))
	// Applications link accounts by the address: one that the provider itself calls
	// unverified may be anybody's.
	if id.EmailVerified == nil || *id.EmailVerified {
		set(r.email, encodeValue(id.Email))
	}
	set(r.preferredUsername, encodeValue(id.PreferredUsername))
	set(r.groups, encodeList(id.Groups))
	set(headerIssuer, encodeValue(id.Issuer))
	set(headerName, encodeValue(id.Name))
	if id.EmailVerified != nil {
		verified := "false"
		if *id.EmailVerified {
			verified = "true"
		}
		set(headerEmailVerified, verified)
	}
	set(headerRoles, encodeList(id.RoleNames()))
	if size > maxIdentity {
		return nil, ErrIdentityTooLarge
	}
	return h, nil
}

func encodeValue(s string) string {
	for i := 0; i < len(s); i++ {
		if !verbatim(s, i, false) {
			return string(appendValue(nil, s, false))
		}
	}
	return s
}

// encodeList joins the items that are not empty with commas.
func encodeList(items []string) string {
	var b []byte
	for _, item := range items {
		if item == "" {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		if b = appendValue(b, item, true); len(b) > maxIdentity {
			break // already too large
		}
	}
	return string(b)
}

func appendValue(b []byte, s string, item bool) []byte {
	s = strings.ToValidUTF8(s, "\uFFFD") // decodeURIComponent throws on anything else
	for i := 0; i < len(s); i++ {
		if verbatim(s, i, item) {
			b = append(b, s[i])
		} else {
			b = appendEscape(b, s[i])
		}
	}
	return b
}

// verbatim reports whether the byte at i stands for itself.
func verbatim(s string, i int, item bool) bool {
	switch c := s[i]; c {
	case '%':
		return false
	case ',':
		return !item
	case ' ':
		return i > 0 && i+1 < len(s) && s[i-1] != ' ' && s[i+1] != ' '
	default:
		return c > ' ' && c < 0x7f
	}
}
