package config

import (
	"strings"

	"gatehouse/core/broker/provider"
)

// What makes a job run.
var (
	gatewaySettings = []string{"AUTH_SERVER_URL", "CLIENT_ID", "PROXY_TARGET"}
	brokerSettings  = []string{"BROKER_PROVIDERS", "OAUTH_API_KEY"}
)

func anySet(lookup Lookup, names []string) bool {
	for _, name := range names {
		if v, _ := lookup(name); strings.TrimSpace(v) != "" {
			return true
		}
	}
	return false
}

// Jobs are the names of the jobs that run.
func (c *Config) Jobs() (names []string) {
	if c.Gateway {
		names = append(names, "gateway")
	}
	if c.Broker {
		names = append(names, "broker")
	}
	return names
}

// noJob is the mistake of a configuration that asks for nothing.
var noJob = &Error{"AUTH_SERVER_URL",
	"is required, with CLIENT_ID and PROXY_TARGET, to put logins in front of an application; or BROKER_PROVIDERS to let programs log in at providers",
	"set the first three, BROKER_PROVIDERS, or all of them"}

// Table is every setting that there is where lookup reads: those of [Fields], and those
// of the broker's providers.
func Table(lookup Lookup) []Field {
	fields := Fields(&Config{})
	names, _ := Providers(lookup)
	for _, name := range names {
		fields = append(fields, ProviderFields(&provider.Settings{}, name)...)
	}
	return fields
}

// standardProvider is who OAUTH_API_KEY is for when nobody is named.
const standardProvider = "lastfm"

// Providers are the names of the broker's providers where lookup reads: those of
// BROKER_PROVIDERS or, when OAUTH_API_KEY alone switches the broker on, the one that it is
// for. The error is that BROKER_PROVIDERS is wrong, which [Load] reports.
func Providers(lookup Lookup) (names []string, err error) {
	v, _ := lookup("BROKER_PROVIDERS")
	if v = strings.TrimSpace(v); v != "" {
		err = providerNames(&names)(v)
	} else if anySet(lookup, brokerSettings) {
		names = []string{standardProvider}
	}
	return names, err
}

// parseProviders reads the settings of each provider.
func (c *Config) parseProviders(lookup Lookup) (errs Errors) {
	v, _ := lookup("BROKER_PROVIDERS")
	if c.Broker && strings.TrimSpace(v) == "" {
		c.ProviderNames = []string{standardProvider}
	}
	c.Providers = make([]provider.Settings, len(c.ProviderNames))
	for i, name := range c.ProviderNames {
		errs = append(errs, Parse(ProviderFields(&c.Providers[i], name), lookup)...)
	}
	return errs
}

// checkBroker finds mistakes in how the broker's settings go together.
func (c *Config) checkBroker(known Errors) (errs Errors) {
	add := func(name, problem, hint string) { errs = append(errs, &Error{name, problem, hint}) }
	if c.APIKey != "" || !c.APISecret.Empty() {
		switch {
		case len(c.Providers) == 0 && !known.Has("BROKER_PROVIDERS"):
			add("OAUTH_API_SECRET", "is set without OAUTH_API_KEY", "set both")
		case len(c.Providers) > 1:
			add("OAUTH_API_KEY", "does not say which of the providers it belongs to", "set BROKER_NAME_CLIENT_ID and BROKER_NAME_CLIENT_SECRET for each")
		case len(c.Providers) == 1:
			p := &c.Providers[0]
			if c.APIKey != "" {
				if p.ClientID != "" {
					add("OAUTH_API_KEY", "and "+ProviderPrefix(p.Name)+"CLIENT_ID are both set", "remove one of the two")
				}
				p.ClientID = c.APIKey
			}
			if !c.APISecret.Empty() {
				if !p.ClientSecret.Empty() {
					add("OAUTH_API_SECRET", "and "+ProviderPrefix(p.Name)+"CLIENT_SECRET are both set", "remove one of the two")
				}
				p.ClientSecret = c.APISecret
			}
		}
	}
	if !c.DevMode && !known.Has("DEV_MODE") {
		for _, r := range c.Redirects {
			if strings.HasPrefix(r, "http:") {
				add("BROKER_REDIRECTS", "has an http address, which DEV_MODE=true would accept", "use https; programs on the person's machine need no entry")
				break
			}
		}
	}
	return errs
}

// Missing are the settings that p cannot work without and that are not there. That is no
// mistake: secrets may come after the first start, and the other providers work.
func (c *Config) Missing(p provider.Settings) (names []string) {
	id, key := ProviderPrefix(p.Name)+"CLIENT_ID", ProviderPrefix(p.Name)+"CLIENT_SECRET"
	if len(c.Providers) == 1 && (c.APIKey != "" || !c.APISecret.Empty()) {
		id, key = "OAUTH_API_KEY", "OAUTH_API_SECRET"
	}
	if p.ClientID == "" {
		names = append(names, id)
	}
	if p.ClientSecret.Empty() && p.ClientAuth != "none" {
		names = append(names, key)
	}
	return names
}
