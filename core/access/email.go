package access

import (
	"strings"

	"gatehouse/core/identity"
)

// Lengths of RFC 5321, section 4.5.3.1.
const (
	maxAddress = 254
	maxLocal   = 64
	maxDomain  = 253
	maxLabel   = 63
)

// splitAddress divides an e-mail address at its one @. ok is false for everything
// that two readers could divide differently: quoted local parts, comments, a second
// @, and whatever is not ASCII, among which are characters that normalise to @
// (U+FF20) or to letters of another domain. Domains beyond ASCII are compared in
// their xn-- form only.
func splitAddress(address string) (local, domain string, ok bool) {
	local, domain, ok = strings.Cut(address, "@")
	if !ok || len(address) > maxAddress || local == "" || len(local) > maxLocal || !isDomain(domain) {
		return "", "", false
	}
	for i := 0; i < len(local); i++ {
		c := local[i]
		// atext of RFC 5322, section 3.2.3, and dots anywhere.
		if !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) < 0 {
			return "", "", false
		}
	}
	return local, domain, true
}

// isDomain accepts a host name of RFC 1123, section 2.1, without a dot at the end.
func isDomain(s string) bool {
	if s == "" || len(s) > maxDomain {
		return false
	}
	for label := ""; s != ""; {
		var more bool
		label, s, more = strings.Cut(s, ".")
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' || more && s == "" {
			return false
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !isAlphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// verifiedAddress returns the parts of id's address if the provider calls it
// verified and it can be divided.
func verifiedAddress(id *identity.Identity) (local, domain string, ok bool) {
	if id.EmailVerified == nil || !*id.EmailVerified {
		return "", "", false
	}
	return splitAddress(id.Email)
}

// inDomain reports whether id's verified address is in domain itself, not below it.
// Both are ASCII, so that folding touches letters only.
func inDomain(id *identity.Identity, domain string) bool {
	_, have, ok := verifiedAddress(id)
	return ok && strings.EqualFold(have, domain)
}

// hasAddress compares the local part byte by byte: whether its case matters is known
// to nobody but the domain (RFC 5321, section 2.4).
func hasAddress(id *identity.Identity, local, domain string) bool {
	have, in, ok := verifiedAddress(id)
	return ok && have == local && strings.EqualFold(in, domain)
}
