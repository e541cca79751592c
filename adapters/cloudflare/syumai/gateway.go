package syumai

import (
	"io"
	"log/slog"
	"time"

	"gatehouse/core"
	"gatehouse/core/config"
)

// Names of bindings.
const (
	bindingKV     = "STORE_KV"
	bindingTarget = "PROXY_TARGET"
)

// serviceURL stands for an application that is a service binding.
const serviceURL = "https://application.internal"

// environment is what the Worker is deployed with.
type environment struct {
	// text returns a variable or secret.
	text func(name string) (string, bool)
	// bound reports whether name is a binding, which is no text.
	bound func(name string) bool
}

// lookup is a [config.Lookup].
func (e environment) lookup(name string) (string, bool) {
	if name == bindingTarget && e.bound(bindingTarget) {
		return serviceURL, true
	}
	return e.text(name)
}

// runtime is what the core's seams are made of.
type runtime struct {
	namespace  namespace // nil without the binding
	fetch      send
	service    send // by the service binding
	console    io.Writer
	background *tasks
}

// assemble makes the gateway that e describes. The error is a [config.Errors] with
// every mistake at once.
func assemble(e environment, r runtime) (*core.Gateway, error) {
	level := slog.LevelInfo
	errs := config.Parse([]config.Field{{Name: "LOG_LEVEL", Default: "info", Set: func(v string) error {
		return level.UnmarshalText([]byte(v))
	}}}, e.lookup)
	c, err := config.Load(e.lookup)
	if err != nil {
		mistakes, ok := err.(config.Errors)
		if !ok {
			return nil, err
		}
		errs = append(errs, mistakes...)
	}
	if r.namespace == nil {
		errs = append(errs, &config.Error{Name: bindingKV, Problem: "is no binding",
			Hint: "create a namespace with wrangler kv namespace create, and bind it in wrangler.toml"})
	}
	if len(errs) > 0 {
		return nil, errs
	}
	application := &forward{r.fetch, c.UpstreamTimeout}
	if e.bound(bindingTarget) {
		application.send = r.service
	}
	return core.New(c, core.Platform{
		KV: store{r.namespace, time.Now}, Fetch: fetch{r.fetch}, Forward: application,
		Log: newLogger(r.console, level), Background: r.background.run,
	})
}

// newLogger writes one JSON object a line, without the line's end, to w.
func newLogger(w io.Writer, least slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least}))
}
