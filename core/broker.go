package core

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"gatehouse/core/broker"
	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/config"
	"gatehouse/core/cookie"
	"gatehouse/core/egress"
	"gatehouse/core/kv"
	"gatehouse/core/platform"
	"gatehouse/core/seal"
)

// Count is how often an operation of the broker ended with a result.
type Count = broker.Count

// brokerParts are what both jobs have in common.
type brokerParts struct {
	platform   Platform
	keys       *seal.Keyring
	names      cookie.Names
	store      *kv.Store
	limiter    platform.Limiter
	now        func() time.Time
	log        *slog.Logger
	background func(func(context.Context))
}

// newBroker assembles the broker. The error is a [config.Errors].
func newBroker(c *Config, parts brokerParts) (*broker.Broker, error) {
	var errs config.Errors
	var providers []*provider.Provider
	missing := map[string]string{}
	for _, s := range c.Providers {
		absent := c.Missing(s)
		p, err := provider.New(s, provider.Parts{
			Fetch: parts.platform.Fetch, Hosts: c.EgressHosts, PlainHosts: plainHosts(c, s), Timeout: c.OutboundWait, ClockSkew: c.ClockSkew,
			Store: parts.store, Now: parts.now, Log: parts.log, Background: parts.background,
		})
		for _, e := range settingErrors(s.Name, err) {
			// Without credentials nobody can log in there; whatever else is wrong is a mistake now.
			if len(absent) == 0 || !credential(s.Name, e.Name) {
				errs = append(errs, e)
			}
		}
		if len(absent) > 0 {
			missing[s.Name] = strings.Join(absent, " and ")
			continue
		}
		if err != nil {
			continue
		}
		callback := c.AppURL.String() + c.BasePath + "/auth/callback/" + s.Name
		if problem := p.CheckRedirectURI(callback); problem != "" {
			errs = append(errs, &config.Error{Name: "APP_URL", Problem: "makes a callback that " + s.Name + " refuses: " + problem, Hint: "for development use http://127.0.0.1 and a port"})
		}
		providers = append(providers, p)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	apps := make([]broker.App, len(c.AppKeys))
	for i, a := range c.AppKeys {
		apps[i] = broker.App{Name: a.Name, Key: a.Key}
	}
	return broker.New(broker.Options{
		AppURL: c.AppURL, Public: c.Origins, BasePath: c.BasePath, Alone: !c.Gateway,
		Names: parts.names, Keys: parts.keys, Store: parts.store,
		Grants:      grant.New(grant.Options{Store: parts.store, Keys: parts.keys, Timeout: c.OutboundWait, Now: parts.now, Log: parts.log}),
		Collections: grant.NewCollections(parts.store, parts.now),
		Providers:   providers, Missing: missing,
		Redirects: c.Redirects, Origins: c.ScriptOrigins, Apps: apps, Compatibility: c.Compatibility,
		Limiter: parts.limiter, PerMinute: c.BrokerPerMinute, AppPerMinute: c.AppPerMinute, Now: parts.now, Log: parts.log,
	}), nil
}

// credential reports whether setting is the id or the secret at the provider called name.
func credential(name, setting string) bool {
	prefix := config.ProviderPrefix(name)
	return setting == prefix+"CLIENT_ID" || setting == prefix+"CLIENT_SECRET"
}

// plainHosts are those of s that may be asked over http: loopback ones, for development.
func plainHosts(c *Config, s provider.Settings) (hosts []string) {
	if !c.DevMode {
		return nil
	}
	for _, text := range []string{s.Issuer, s.AuthorizationEndpoint, s.TokenEndpoint, s.UserinfoEndpoint, s.RevocationEndpoint, s.API} {
		// Loading the configuration refused http for every other host.
		if u, err := url.Parse(text); err == nil && u.Scheme == "http" {
			hosts = append(hosts, egress.Host(u))
		}
	}
	return hosts
}

// settingErrors are the mistakes that err joins, by the names of settings.
func settingErrors(name string, err error) (errs config.Errors) {
	var one *provider.SettingError
	joined, several := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
	case several:
		for _, e := range joined.Unwrap() {
			errs = append(errs, settingErrors(name, e)...)
		}
	case errors.As(err, &one):
		errs = append(errs, &config.Error{Name: config.ProviderPrefix(name) + one.Setting, Problem: one.Problem, Hint: "see docs/configuration.md"})
	default:
		errs = append(errs, &config.Error{Name: "BROKER_PROVIDERS", Problem: name + ": " + err.Error()})
	}
	return errs
}

// Counters returns what this process has counted of the broker's operations; nil without
// a broker.
func (g *Gateway) Counters() []Count {
	if g.broker == nil {
		return nil
	}
	return g.broker.Counters()
}
