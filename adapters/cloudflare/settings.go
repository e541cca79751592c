package cloudflare

import (
	"errors"
	"log/slog"
	"strings"

	"gatehouse/core/config"
)

// SectionWorker is the section of [Settings] in the reference.
const SectionWorker = "Cloudflare Workers"

// Values of STORE.
const (
	storeKV      = "kv"
	storeObjects = "durable-object"
)

// Names of bindings.
const (
	bindingKV      = "STORE_KV"
	bindingObjects = "STORE_OBJECTS"
	bindingTarget  = "PROXY_TARGET"
)

// serviceURL stands for an application that is a service binding. The name is one that
// no request can leave for (RFC 6761 style; .internal is reserved for private use).
const serviceURL = "https://application.internal"

// Config is what a Worker needs beside the gateway's own configuration.
type Config struct {
	Store    string // kv or durable-object
	LogLevel slog.Level
}

// Settings is the table of the Worker's settings; parsing them fills c.
func Settings(c *Config) []config.Field {
	return []config.Field{
		{Name: "STORE", Default: storeKV, Section: SectionWorker,
			Doc: "Where sessions are kept: kv, the KV namespace STORE_KV, or durable-object, objects of the namespace STORE_OBJECTS, where a logout is seen everywhere within 5 seconds.",
			Set: config.OneOf(&c.Store, storeKV, storeObjects)},
		{Name: "LOG_LEVEL", Default: "info", Section: SectionWorker,
			Doc: "Least severity that is logged: debug, info, warn or error.",
			Set: config.Level(&c.LogLevel)},
	}
}

// environment is what the Worker is deployed with: variables and secrets, and the
// names of bindings.
type environment struct {
	values   map[string]string
	bindings map[string]bool
}

// parseEnvironment reads what worker.mjs makes of the runtime's env object: "name",
// "text" and value, or "name", "binding" and nothing, all joined.
func parseEnvironment(text string) environment {
	e := environment{map[string]string{}, map[string]bool{}}
	fields := strings.Split(text, separator)
	for i := 0; i+2 < len(fields); i += 3 {
		if fields[i+1] == "binding" {
			e.bindings[fields[i]] = true
		} else {
			e.values[fields[i]] = fields[i+2]
		}
	}
	return e
}

// lookup is a [config.Lookup].
func (e environment) lookup(name string) (string, bool) {
	if name == bindingTarget && e.bindings[bindingTarget] {
		return serviceURL, true
	}
	v, ok := e.values[name]
	return v, ok
}

// load reads the gateway's and the Worker's settings. The error is a [config.Errors]
// with every mistake at once.
func load(e environment) (*config.Config, *Config, error) {
	gateway, err := config.Load(e.lookup)
	var errs config.Errors
	if err != nil && !errors.As(err, &errs) {
		return nil, nil, err
	}
	c := &Config{}
	errs = append(errs, config.Parse(Settings(c), e.lookup)...)
	errs = append(errs, e.check(c)...)
	if len(errs) > 0 {
		return nil, c, errs
	}
	return gateway, c, nil
}

// check finds bindings that are missing.
func (e environment) check(c *Config) config.Errors {
	need := map[string]string{storeKV: bindingKV, storeObjects: bindingObjects}[c.Store]
	if need == "" || e.bindings[need] {
		return nil
	}
	hint := "create a namespace with wrangler kv namespace create, and bind it in wrangler.toml"
	if need == bindingObjects {
		hint = "bind the class Record in wrangler.toml, with its migration"
	}
	return config.Errors{{Name: need, Problem: "is no binding, but STORE=" + c.Store + " needs it", Hint: hint}}
}
