package spin

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"gatehouse/core/config"
)

// SectionComponent is the section of [Settings] in the reference.
const SectionComponent = "WASI component"

// Values of Config.Store.
const (
	storeSpin   = "spin"
	storeMemory = "memory"
)

// Config is what a component needs beside the gateway's own configuration.
type Config struct {
	Store      string
	StoreLabel string
	LogLevel   slog.Level
}

// Settings is the table of a component's settings; parsing them fills c. keyValue says
// whether the world has a key-value store.
func Settings(c *Config, keyValue bool) []config.Field {
	store := config.Field{Name: "STORE", Section: SectionComponent,
		Doc: "Where sessions are kept: spin (the host's key-value store; components for Spin only) or memory (lost with each request; for trials)."}
	if keyValue {
		store.Default, store.Set = storeSpin, choice(&c.Store, storeSpin, storeMemory)
	} else {
		store.Required, store.Set = true, choice(&c.Store, storeMemory)
		store.Hint = "this host has no key-value store that lasts"
	}
	return []config.Field{
		store,
		{Name: "STORE_LABEL", Default: "default", Section: SectionComponent,
			Doc: "The label of the key-value store of STORE=spin, one of the component's key_value_stores.",
			Set: func(v string) error { c.StoreLabel = v; return nil }},
		{Name: "LOG_LEVEL", Default: "info", Section: SectionComponent,
			Doc: "Least severity that is logged, to standard error: debug, info, warn or error.",
			Set: func(v string) error {
				var name string
				if err := choice(&name, "debug", "info", "warn", "error")(v); err != nil {
					return err
				}
				return c.LogLevel.UnmarshalText([]byte(name))
			}},
	}
}

func choice(dst *string, choices ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(choices, v) {
			return fmt.Errorf("must be one of %s", strings.Join(choices, ", "))
		}
		*dst = v
		return nil
	}
}
