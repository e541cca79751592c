package provider

// New makes a provider without asking it anything. The error joins [*SettingError]s.
func New(s Settings, parts Parts) (*Provider, error) {
	return nil, &SettingError{"CLIENT_ID", "is not written yet"}
}

// CheckScopes returns what to ask for when a client asks for scope, space-separated;
// "" means the standard scopes. The error is an [*Error] of kind Scope.
func (p *Provider) CheckScopes(scope string) ([]string, error) { return nil, nil }

// CheckRedirectURI reports whether the provider is known to refuse uri as this
// deployment's callback: the text of the problem, or "".
func (p *Provider) CheckRedirectURI(uri string) string { return "" }

// Revokes reports whether the provider can revoke.
func (p *Provider) Revokes() bool { return false }

// Origin is the origin of the address that [Provider.AuthorizationURL] returns, for a
// page's form-action; "" when discovery has not told it.
func (p *Provider) Origin() string { return "" }
