// Package devprovider is an OpenID provider for development and tests: OpenID Connect
// Core 1.0 (authorization code flow), PKCE (RFC 7636, S256 required), introspection
// (RFC 7662), revocation (RFC 7009), RP-Initiated Logout 1.0 and Back-Channel Logout 1.0,
// with users, one client and one signing key in memory. The protocol endpoints are those
// of github.com/zitadel/oidc; storage, pages, browser sessions and the sending of logout
// tokens are this package's.
//
// It MUST NOT be used in production: passwords are compared in clear text and one of
// them is printed on the login page, nobody is asked for consent, everything is lost
// when the process ends. It refuses an http issuer that is not on a loopback host.
package devprovider

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

const (
	maxBody  = 64 << 10
	maxQuery = 16 << 10
)

// Options configures a [Provider].
type Options struct {
	// Issuer is where the provider is served: an origin without a path, such as
	// http://127.0.0.1:41234. Requests for another host are refused.
	Issuer string
	// ClientID and ClientSecret are the one client's credentials, taken as
	// client_secret_basic or client_secret_post.
	ClientID, ClientSecret string
	// RedirectURIs and PostLogoutRedirectURIs are compared exactly.
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	// BackChannelLogoutURI is where the client takes logout tokens, each with sid and
	// sub; when empty, none are sent and discovery says so.
	BackChannelLogoutURI string
	// Users who can sign in; nil means [DefaultUsers].
	Users []User
	// AccessTokenLifetime is five minutes when zero.
	AccessTokenLifetime time.Duration
	// Log receives logout tokens that could not be delivered; nil discards them.
	Log *slog.Logger
}

// Provider is an http.Handler that serves the whole issuer. It is safe for
// concurrent use.
type Provider struct {
	issuer *url.URL
	op     *op.Provider
	store  *storage
	routes *http.ServeMux
	hint   User
}

// New makes a provider with a fresh signing key and no sessions. It fails when the
// options cannot work together.
func New(o Options) (*Provider, error) {
	issuer, err := parseIssuer(o.Issuer)
	if err != nil {
		return nil, err
	}
	if o.ClientID == "" || o.ClientSecret == "" || len(o.RedirectURIs) == 0 {
		return nil, errors.New("devprovider: client id, client secret and a redirect URI are required")
	}
	if o.Users == nil {
		o.Users = DefaultUsers()
	}
	users, err := newUsers(o.Users)
	if err != nil {
		return nil, err
	}
	if o.AccessTokenLifetime == 0 {
		o.AccessTokenLifetime = accessTokenLifetime
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	key, err := newSigningKey()
	if err != nil {
		return nil, err
	}
	told, err := newBackChannel(o, key)
	if err != nil {
		return nil, err
	}
	store := newStorage(newClient(o), users, key, told, o.AccessTokenLifetime)

	config := &op.Config{
		CodeMethodS256:           true,
		AuthMethodPost:           true,
		GrantTypeRefreshToken:    true,
		DefaultLogoutRedirectURI: o.Issuer + pathSignedOut,
		SupportedUILocales:       []language.Tag{language.English},
		SupportedScopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail,
			oidc.ScopeOfflineAccess, scopeGroups, scopeProjectRoles},
		SupportedClaims: append(append([]string{}, op.DefaultSupportedClaims...),
			claimSessionID, claimGroups, claimProjectRoles),
		BackChannelLogoutSupported:        told != nil,
		BackChannelLogoutSessionSupported: told != nil,
	}
	rand.Read(config.CryptoKey[:])
	// Endpoints are left at their defaults on purpose: the library's options for
	// custom endpoints write to a package variable that all providers share.
	protocol, err := op.NewProvider(config, store, op.StaticIssuer(o.Issuer),
		op.WithAllowInsecure(),
		// The library's default reflects any origin and allows credentials. The
		// client here is a server.
		op.WithCORSOptions(nil))
	if err != nil {
		return nil, fmt.Errorf("devprovider: %w", err)
	}

	p := &Provider{issuer: issuer, op: protocol, store: store, hint: o.Users[0], routes: http.NewServeMux()}
	p.routes.HandleFunc("GET /{$}", p.serveHome)
	p.routes.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	p.routes.HandleFunc("GET "+pathLogin, p.serveLogin)
	p.routes.Handle("POST "+pathLogin, http.NewCrossOriginProtection().Handler(http.HandlerFunc(p.serveCredentials)))
	p.routes.HandleFunc("GET "+pathSignedOut, p.serveSignedOut)
	p.routes.HandleFunc(protocol.EndSessionEndpoint().Relative(), p.serveEndSession)
	// Whoever knows the id of a finished request could fetch its code here, from
	// any browser. The login page answers the client itself instead.
	p.routes.HandleFunc(protocol.AuthorizationEndpoint().Relative()+"/callback", http.NotFound)
	p.routes.Handle("/", protocol)
	return p, nil
}

// Handler returns p.
func (p *Provider) Handler() http.Handler { return p }

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Host, p.issuer.Host) {
		p.refuse(w, http.StatusMisdirectedRequest, "This provider is at "+p.issuer.String()+" only.")
		return
	}
	if len(r.URL.RawQuery) > maxQuery {
		p.refuse(w, http.StatusRequestURITooLong, "The request is too long.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	p.routes.ServeHTTP(w, r)
}

func parseIssuer(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != s {
		return nil, errors.New("devprovider: issuer must be an origin, like http://127.0.0.1:9000, without a slash at the end")
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return nil, errors.New("devprovider: issuer must be https, or http on a loopback host")
	}
	return u, nil
}

func loopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}
