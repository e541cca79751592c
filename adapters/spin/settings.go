package spin

import (
	"errors"
	"log/slog"
	"strings"

	"gatehouse/core"
	"gatehouse/core/config"
	"gatehouse/core/kv/rest"
	"gatehouse/core/secret"
)

// SectionComponent is the section of [Settings] in the reference.
const SectionComponent = "WASI component"

// Values of Config.Store.
const (
	storeSpin   = "spin"
	storeRest   = rest.Name
	storeMemory = "memory"
)

// Config is what a component needs beside the gateway's own configuration.
type Config struct {
	Store      string
	StoreLabel string      // of Store spin
	Rest       rest.Config // of Store rest
	SweepToken secret.Text
	LogLevel   slog.Level
	PeerHeader string // as in Host, for hosts that tell of none; lower case
}

// Settings is the table of a component's settings; parsing them fills c. keyValue says
// whether the world has a key-value store.
func Settings(c *Config, keyValue bool) []config.Field {
	store := config.Field{Name: "STORE", Default: storeRest, Section: SectionComponent,
		Doc: "Where sessions are kept: spin (Spin's key-value store; in Spin only, where it is the default), rest (a Redis service over HTTP) or memory (lost with each request; for trials).",
		Set: config.OneOf(&c.Store, storeRest, storeMemory)}
	if keyValue {
		store.Default, store.Set = storeSpin, config.OneOf(&c.Store, storeSpin, storeRest, storeMemory)
	}
	fields := append([]config.Field{store}, rest.Fields(&c.Rest, SectionComponent)...)
	if !keyValue {
		// Spin tells who the client is.
		fields = append(fields, config.Field{Name: "CLIENT_ADDRESS_HEADER", Section: SectionComponent,
			Doc:  "Header in which the server in front of the component tells the client's address; the last address in it is believed. Not in Spin, which tells by itself. Only where every request comes through that server.",
			Hint: "for example CLIENT_ADDRESS_HEADER=X-Real-IP",
			Set: func(v string) error {
				if strings.Trim(strings.ToLower(v), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
					return errors.New("is no name of a header")
				}
				c.PeerHeader = strings.ToLower(v)
				return nil
			}})
	}
	return append(fields, []config.Field{
		{Name: "STORE_LABEL", Default: "default", Section: SectionComponent,
			Doc: "The label of the key-value store of STORE=spin, one of the component's key_value_stores.",
			Set: func(v string) error { c.StoreLabel = v; return nil }},
		{Name: "SWEEP_TOKEN", Secret: true, Section: SectionComponent,
			Doc:  "Bearer token of requests for /api/sweep, which delete expired records from STORE=spin. Without it there is no such route.",
			Hint: "at least 32 characters, such as those of gatehouse keygen",
			Set: func(v string) error {
				if len(v) < 32 {
					return errors.New("is too short")
				}
				c.SweepToken = secret.New(v)
				return nil
			}},
		{Name: "LOG_LEVEL", Default: "info", Section: SectionComponent,
			Doc: "Least severity that is logged, to standard error: debug, info, warn or error.",
			Set: config.Level(&c.LogLevel)},
	}...)
}

// load reads every setting. The error is a [config.Errors] with every mistake at once.
// The component's own settings are there in any case.
func load(host Host) (*config.Config, *Config, error) {
	var unread config.Errors
	lookup := func(name string) (string, bool) {
		value, ok, err := host.Variable(name)
		if err != nil {
			unread = append(unread, &config.Error{Name: name, Problem: "cannot be read: " + err.Error()})
		}
		return value, ok
	}
	settings := &Config{}
	find := lookup
	if host.Pass != nil {
		find = targetOf(lookup, &unread)
	}
	errs := config.Parse(Settings(settings, host.Store != nil), lookup)
	errs = append(errs, settings.Rest.Check(settings.Store, errs)...)
	c, err := core.LoadConfig(find)
	var more config.Errors
	errors.As(err, &more)
	if errs = append(append(unread, more...), errs...); len(errs) > 0 {
		return nil, settings, errs
	}
	return c, settings, nil
}
