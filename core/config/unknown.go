package config

import (
	"strings"

	"gatehouse/core/broker/provider"
)

const (
	// brokerPrefix begins the names of the broker's settings, but for OAUTH_API_KEY and
	// OAUTH_API_SECRET.
	brokerPrefix = "BROKER_"
	// secretFile ends the name of a setting that names a file with the secret, on platforms
	// that have files.
	secretFile = "_FILE"
	// longestName is more than any setting has.
	longestName = 64
)

// Unknown is the mistake that name is in an environment that may hold anything; nil when
// the name may be somebody else's. known are the names of all settings, name not among
// them, and providers those of the broker's providers, see [Providers].
//
// Meant for the broker is what begins like the settings of one of its providers, ends
// like a setting of any provider, or nearly is one of the known names that begin with
// BROKER_.
func Unknown(name string, known, providers []string) *Error {
	rest, ours := strings.CutPrefix(name, brokerPrefix)
	if !ours || len(name) > longestName || strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || serviceLink(rest) {
		return nil
	}
	mistake := func(hint string) *Error { return &Error{name, "unknown setting", hint} }
	for _, p := range providers {
		if prefix := ProviderPrefix(p); strings.HasPrefix(name, prefix) {
			if near := nearestAfter(prefix, name, known); near != "" {
				return mistake("did you mean " + near + "?")
			}
			return mistake("see docs/configuration.md for the settings of a provider")
		}
	}
	stranger, suffix := splitProvider(rest)
	switch {
	case stranger != "":
		if near := Nearest(stranger, providers); near != "" {
			return mistake(stranger + " is not in BROKER_PROVIDERS; did you mean " + ProviderPrefix(near) + suffix + "?")
		}
		return mistake(stranger + " is not in BROKER_PROVIDERS; add it there, or remove the setting")
	case suffix != "" && len(providers) > 0:
		return mistake("did you mean " + ProviderPrefix(providers[0]) + suffix + "?")
	}
	if near := nearestAfter(brokerPrefix, name, known); near != "" {
		return mistake("did you mean " + near + "?")
	}
	return nil
}

// nearestAfter is [Nearest] among the candidates that begin with prefix, as name does; the
// prefix makes nothing alike.
func nearestAfter(prefix, name string, candidates []string) string {
	var rests []string
	for _, c := range candidates {
		if rest, ok := strings.CutPrefix(c, prefix); ok {
			rests = append(rests, rest)
		}
	}
	if near := Nearest(name[len(prefix):], rests); near != "" {
		return prefix + near
	}
	return ""
}

// splitProvider cuts what follows BROKER_ into the name of a provider and the longest
// setting of a provider that it ends with. Without a provider before it, name is "";
// without such an end, or with something that is no provider's name before it, both are.
func splitProvider(rest string) (name, suffix string) {
	prefix := ProviderPrefix("x")
	for _, f := range ProviderFields(&provider.Settings{}, "x") {
		ends := []string{strings.TrimPrefix(f.Name, prefix)}
		if f.Secret {
			ends = append(ends, ends[0]+secretFile)
		}
		for _, end := range ends {
			if rest == end {
				return "", end
			}
			if strings.HasSuffix(rest, "_"+end) && len(end) > len(suffix) {
				suffix = end
			}
		}
	}
	if suffix == "" {
		return "", ""
	}
	name = strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(rest, "_"+suffix), "_", "-"))
	var names []string
	if providerNames(&names)(name) != nil {
		return "", ""
	}
	return name, suffix
}

// serviceLink reports whether BROKER_ and rest are a variable that Kubernetes sets in
// every container where a service's name begins with "broker", such as
// BROKER_SERVICE_HOST and BROKER_PORT_443_TCP_ADDR.
func serviceLink(rest string) bool {
	rest = "_" + rest
	return strings.HasSuffix(rest, "_SERVICE_HOST") || strings.HasSuffix(rest, "_PORT") || strings.Contains(rest, "_PORT_")
}
