package config

import "slices"

// Warnings are remarks on what loads and is safe but may not work, one sentence each; no
// secret is in them.
func (c *Config) Warnings() (remarks []string) {
	if c.CheckSessions && c.BearerTokens == "jwt" {
		remarks = append(remarks, "CHECK_SESSIONS with BEARER_TOKENS=jwt: a provider whose logins yield opaque access tokens lets nobody log in; use BEARER_TOKENS=introspection for it")
	}
	if c.Gateway && !c.RefreshSessions && slices.Contains(c.Scopes, offlineAccess) {
		remarks = append(remarks, "SCOPES has offline_access, but with REFRESH_SESSIONS=false nothing uses the refresh tokens; remove one of them")
	}
	for _, p := range c.Providers {
		if p.Desktop {
			remarks = append(remarks, ProviderPrefix(p.Name)+"DESKTOP=true: whoever makes a person allow a login at the provider gets the session; programs are better off with the flow poll")
		}
		for _, missing := range c.Missing(p) {
			remarks = append(remarks, missing+" is not set: nobody can log in with "+p.Name)
		}
	}
	if c.Compatibility {
		remarks = append(remarks, "BROKER_COMPATIBILITY=true: whoever sees the address of a login or of its collection can take the session; use code_challenge and POST")
	}
	return remarks
}
