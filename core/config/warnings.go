package config

// Warnings are remarks on what loads and is safe but may not work, one sentence each; no
// secret is in them.
func (c *Config) Warnings() []string {
	if c.CheckSessions && c.BearerTokens == "jwt" {
		return []string{"CHECK_SESSIONS with BEARER_TOKENS=jwt: a provider whose logins yield opaque access tokens lets nobody log in; use BEARER_TOKENS=introspection for it"}
	}
	return nil
}
