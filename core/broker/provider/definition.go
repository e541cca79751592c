package provider

import (
	"context"
	"net/http"
)

// builtIn are the providers that need a client's id and secret only.
func builtIn() []Definition { return []Definition{lastFM, spotify, gitHub, google} }

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
	// NameMembers of the userinfo answer: the first that is a text names the person.
	NameMembers []string
	// Hosts that endpoints found by discovery are on, besides the issuer's.
	Hosts []string
	// Headers of calls that pass, besides those that always do.
	Headers []string
	// NeedsSecret: there are no clients without a secret.
	NeedsSecret bool
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
	// Request makes the provider's request of a call that came from a client: the
	// allow-list is asked here, and credentials are added.
	Request(p *Provider, g *Grant, c Call) (*http.Request, error)
	// Judge reads the beginning of an answer and decides whether it goes to the
	// client; it may change its status. Its body stays whole.
	Judge(p *Provider, res *http.Response) error
}

// DesktopProtocol is implemented by protocols that have a flow without a callback.
type DesktopProtocol interface {
	RequestToken(ctx context.Context, p *Provider) (string, error)
}
