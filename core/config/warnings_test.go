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
	for _, test := range []struct {
		scopes, refresh string
		refreshes       bool
		want            string
	}{
		{"openid", "", false, ""},
		{"openid offline_access", "", true, ""},
		{"openid offline_access", "true", true, ""},
		{"openid", "true", true, ""},
		{"openid", "false", false, ""},
		{"openid offline_access", "false", false, "SCOPES has offline_access"},
	} {
		c := load(t, with("SCOPES", test.scopes, "REFRESH_SESSIONS", test.refresh))
		got := strings.Join(c.Warnings(), "\n")
		if (got == "") != (test.want == "") || !strings.HasPrefix(got, test.want) || c.RefreshSessions != test.refreshes {
			t.Errorf("SCOPES=%s, REFRESH_SESSIONS=%s: %v, %q", test.scopes, test.refresh, c.RefreshSessions, got)
		}
	}
}
