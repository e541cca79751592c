package provider

import (
	"encoding/json"
	"time"

	"gatehouse/core/secret"
)

// Grant is what a person allowed: tokens and what is known about them. It is read-only.
type Grant struct {
	// Access is the access token; Last.fm: the session key.
	Access secret.Text
	// Refresh is empty when there is none.
	Refresh secret.Text
	// TokenType is "Bearer" or "lastfm".
	TokenType string
	Scopes    []string
	// Expiry of Access; zero when it does not expire or the provider did not say.
	Expiry time.Time
	// Name of the person, where the answer that made the grant has it; else see
	// [Provider.Profile].
	Name string
	// Session is the provider's own session object without its key, or nil.
	Session json.RawMessage
	// IDToken of an OpenID provider, verified; empty when there was none.
	IDToken secret.Text
}
