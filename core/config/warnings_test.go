package config_test

import (
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		tokens, sessions, want string
	}{
		{"off", "false", ""},
		{"jwt", "false", ""},
		{"introspection", "true", ""},
		{"jwt", "true", "CHECK_SESSIONS with BEARER_TOKENS=jwt"},
	} {
		got := strings.Join(load(t, with("BEARER_TOKENS", test.tokens, "CHECK_SESSIONS", test.sessions)).Warnings(), "\n")
		if (got == "") != (test.want == "") || !strings.HasPrefix(got, test.want) {
			t.Errorf("BEARER_TOKENS=%s, CHECK_SESSIONS=%s: %q", test.tokens, test.sessions, got)
		}
	}
}
