package provider

import (
	"slices"
	"strings"
)

// CheckScopes returns what to ask for when a client asks for scope, space-separated;
// "" means the standard scopes. The error is an [*Error] of kind Scope.
func (p *Provider) CheckScopes(scope string) ([]string, error) {
	if scope == "" {
		return p.s.Scopes, nil
	}
	var asked []string
	for name := range strings.SplitSeq(scope, " ") {
		if !slices.Contains(p.s.AllowedScopes, name) {
			return nil, fail(Scope, "not allowed: "+printable(name, 100))
		}
		if !slices.Contains(asked, name) {
			asked = append(asked, name)
		}
	}
	return asked, nil
}

// maxScopes bounds the scopes that an answer may name.
const maxScopes = 200

// scopeText reports whether s is a scope-token (RFC 6749, section 3.3) without the
// comma that some providers separate by.
func scopeText(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == ',' {
			return false
		}
	}
	return s != ""
}

// splitScopes reads the scope of an answer, separated by spaces or, at GitHub, commas.
// ok is false when it is no list of scopes.
func splitScopes(text string) (scopes []string, ok bool) {
	for name := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ' ' || c == ',' }) {
		if !scopeText(name) || len(scopes) == maxScopes {
			return nil, false
		}
		scopes = append(scopes, name)
	}
	return scopes, true
}
