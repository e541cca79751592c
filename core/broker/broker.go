// Package broker lets programs that hold no credentials log in at providers, and make
// calls there: it keeps the client secrets and the tokens, and gives programs a handle.
//
// A login belongs to whoever began it, three times over: its transaction is sealed and
// states the code challenge of the program (RFC 7636), the browser that goes to the
// provider holds a cookie of its own (RFC 9700, section 4.7), or its person compared a
// code (RFC 8628), and what comes of it is collected once, with the verifier.
//
// It guarantees that no provider is asked for a request that lacks one of these, that
// credentials and tokens of providers leave in the answer of a collection at most, and
// there only where HandOver says so, and that no address but a provider's and a
// configured or loopback one is ever redirected to. One step per file.
package broker

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/cookie"
	"gatehouse/core/exchange"
	"gatehouse/core/kv"
	"gatehouse/core/platform"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
)

// App is an application and its key.
type App struct {
	Name string
	Key  secret.Text
}

// Options are the parts that core assembles. All are required unless marked.
type Options struct {
	AppURL   *url.URL   // origin of callbacks
	Public   []*url.URL // public origins, AppURL included
	BasePath string
	// Alone says that there is no gateway: what is no route is not found, and health is
	// answered here.
	Alone bool

	Names       cookie.Names
	Keys        *seal.Keyring
	Store       *kv.Store
	Grants      *grant.Grants
	Collections *grant.Collections
	Providers   []*provider.Provider
	// Missing says by the name of a provider which setting it lacks.
	Missing map[string]string

	Redirects     []string // of browser applications; may be empty
	Origins       []string // that scripts may ask from; may be empty
	Apps          []App    // empty: no key is asked for
	Compatibility bool

	Limiter      platform.Limiter
	PerMinute    int // requests for a client address
	AppPerMinute int // and for an application
	Now          func() time.Time
	Log          *slog.Logger
}

// Broker is an [exchange.Job]. It is safe for concurrent use.
type Broker struct {
	Options
	routes    map[string]route
	providers map[string]*provider.Provider
	counters  counters
}

// route is one of the broker's addresses.
type route struct {
	methods []string
	// page routes are opened by browsers; no script of another origin gets at them.
	page bool
	// free routes do not count against any budget.
	free  bool
	serve func(*exchange.Exchange)
}

// Routes that continue with a name.
const (
	callbackPrefix = "/auth/callback/"
	callPrefix     = "/auth/call/"
)

// New returns the broker made of o.
func New(o Options) *Broker {
	b := &Broker{Options: o, providers: map[string]*provider.Provider{}}
	for _, p := range o.Providers {
		b.providers[p.Name()] = p
	}
	get, post := []string{http.MethodGet}, []string{http.MethodPost}
	b.routes = map[string]route{
		"/auth/start":      {methods: post, serve: b.start},
		"/auth/url":        {methods: get, serve: b.startPaste},
		"/auth/begin":      {methods: get, page: true, serve: b.begin},
		"/auth/confirm":    {methods: post, page: true, serve: b.confirm},
		"/auth/device":     {methods: []string{http.MethodGet, http.MethodPost}, page: true, serve: b.device},
		"/auth/callback":   {methods: get, page: true, serve: b.callback},
		callbackPrefix:     {methods: get, page: true, serve: b.callback},
		"/auth/getSession": {methods: []string{http.MethodGet, http.MethodPost}, serve: b.collect},
		"/auth/session":    {methods: get, serve: b.session},
		"/auth/logout":     {methods: post, serve: b.logout},
		"/auth/providers":  {methods: get, serve: b.list},
		callPrefix: {methods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
			serve: b.call},
	}
	if o.Alone {
		get := []string{http.MethodGet, http.MethodHead}
		b.routes["/health"] = route{methods: get, free: true, serve: b.health}
		b.routes["/ready"] = route{methods: get, free: true, serve: b.ready}
	}
	return b
}

// find returns the route of a canonical path, and what follows a route that continues.
func (b *Broker) find(path string) (r route, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, b.BasePath)
	if !ok {
		return route{}, "", false
	}
	for _, prefix := range []string{callbackPrefix, callPrefix} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			return b.routes[prefix], rest, true
		}
	}
	r, ok = b.routes[path]
	return r, "", ok
}

// Owns implements [exchange.Job].
func (b *Broker) Owns(path string) bool {
	_, _, ok := b.find(path)
	return ok
}

// Serve implements [exchange.Job].
func (b *Broker) Serve(x *exchange.Exchange) {
	r, _, ok := b.find(x.Path)
	x.API = !r.page
	if !ok {
		b.Refuse(x, notFound)
		return
	}
	if x.API {
		b.allowOrigin(x)
	}
	switch {
	case x.R.Method == http.MethodOptions:
		b.preflight(x, r)
	case !slices.Contains(r.methods, x.R.Method):
		p := *methodNotAllowed
		p.Allow = allow(r)
		b.Refuse(x, &p)
	case r.page && x.R.Method == http.MethodGet && exchange.Embedded(x.R):
		b.Refuse(x, crossSite)
	case r.free || b.admit(x):
		r.serve(x)
	}
}

// allow is the Allow value of a route.
func allow(r route) string { return strings.Join(r.methods, ", ") + ", OPTIONS" }

// address is the public address of one of the broker's routes.
func (b *Broker) address(path string) string { return b.AppURL.String() + b.BasePath + path }

// callbackURI is the redirect URI of a provider.
func (b *Broker) callbackURI(name string) string { return b.address(callbackPrefix + name) }

// provider returns the provider of that name, or why there is none.
func (b *Broker) provider(name string) (*provider.Provider, error) {
	if p := b.providers[name]; p != nil {
		return p, nil
	}
	if setting := b.Missing[name]; setting != "" {
		return nil, notConfigured(setting)
	}
	return nil, unknownProvider
}
