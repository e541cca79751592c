package native

import (
	"strings"

	"gatehouse/core/config"
)

// names are those that settings have with one file and environment: which providers have
// settings of their own is a setting itself.
type names struct {
	table     []config.Field
	known     []string
	secret    map[string]bool // of each known name, whether its value is a secret
	providers []string        // of the broker
	wrong     bool            // BROKER_PROVIDERS is: what begins with BROKER_ may be a setting
}

func namesOf(path string, environ []string) *names {
	n := &names{secret: map[string]bool{}}
	named := map[string]string{}
	if data, err := readBounded(path, maxConfigFile); path != "" && err == nil {
		lines, errs := parseEnvFile(data)
		for _, l := range lines {
			named[l.name] = l.value
		}
		for _, e := range errs {
			n.wrong = n.wrong || e.name == "BROKER_PROVIDERS"
		}
	}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); value != "" {
			named[name] = value
		}
	}
	lookup := func(name string) (string, bool) { v, ok := named[name]; return v, ok }
	providers, err := config.Providers(lookup)
	n.providers, n.wrong = providers, n.wrong || err != nil
	n.table = append(config.Table(lookup), Settings(&Config{})...)
	for _, f := range n.table {
		n.known = append(n.known, f.Name)
		n.secret[f.Name] = f.Secret
		if f.Secret {
			n.known = append(n.known, f.Name+fileSuffix)
			n.secret[f.Name+fileSuffix] = false
		}
	}
	return n
}

// unjudged reports whether the unknown name would be a setting if BROKER_PROVIDERS were
// right.
func (n *names) unjudged(name string) bool {
	return n.wrong && strings.HasPrefix(name, "BROKER_")
}

// hint says what to do about an unknown name where every name should be a setting's.
func (n *names) hint(name string) string {
	if e := config.Unknown(name, n.known, n.providers); e != nil {
		return e.Hint
	}
	return didYouMean(name, n.known, "see docs/configuration.md for the settings there are")
}
