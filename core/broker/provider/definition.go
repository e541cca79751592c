package provider

import "context"

// Definition is what is known about a provider before anybody configures it. See
// [Settings] for fields of the same name.
type Definition struct {
	Name, Title           string
	Issuer                string
	AuthorizationEndpoint string
	TokenEndpoint         string
	UserinfoEndpoint      string
	RevocationEndpoint    string
	API                   string
	ClientAuth            string
	Scopes                []string
	Calls                 []string
	// Parameters are added to authorization requests.
	Parameters map[string]string
	// NameMembers of the userinfo answer, the first that is a text names the person.
	NameMembers []string
	// LoopbackIP: the provider refuses redirect URIs on localhost.
	LoopbackIP bool
	// Protocol is nil for OAuth 2.
	Protocol Protocol
}

// Protocol is how a provider is spoken to. [OAuth] is the usual one; others embed it
// and replace what differs. Methods are called through [Provider], where their
// contracts are.
type Protocol interface {
	AuthorizationURL(ctx context.Context, p *Provider, a Authorization) (string, error)
	Redeem(ctx context.Context, p *Provider, a Answer) (*Grant, error)
	Refresh(ctx context.Context, p *Provider, g *Grant) (*Grant, error)
	Revoke(ctx context.Context, p *Provider, g *Grant) error
	Profile(ctx context.Context, p *Provider, g *Grant) (string, error)
	CallProtocol
}

// DesktopProtocol is implemented by protocols that have a flow without a callback.
type DesktopProtocol interface {
	RequestToken(ctx context.Context, p *Provider) (string, error)
}
