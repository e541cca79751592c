package provider

import (
	"net/url"
	"strings"
)

// Limits of what an error repeats of a provider's answer.
const (
	maxErrorCode   = 64
	maxDescription = 256
)

// describe makes a reason of what a provider wrote, without secrets.
func describe(code, description string, secrets []string) string {
	s := printable(without(code, secrets), maxErrorCode)
	if description != "" {
		s += ": " + printable(without(description, secrets), maxDescription)
	}
	return s
}

// without removes secrets, plain or form-encoded, from text that a provider wrote.
func without(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[redacted]")
			text = strings.ReplaceAll(text, url.QueryEscape(s), "[redacted]")
		}
	}
	return text
}

// printable bounds text from outside for the log: visible ASCII and spaces.
func printable(s string, limit int) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < limit; i++ {
		if c := s[i]; c >= 0x20 && c < 0x7f {
			b.WriteByte(c)
		} else {
			b.WriteByte('?')
		}
	}
	return b.String()
}

// visible reports whether s is visible ASCII.
func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func joinScopes(scopes []string) string { return strings.Join(scopes, " ") }
