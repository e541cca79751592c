package cloudflare

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"gatehouse/core"
	"gatehouse/core/config"
	"gatehouse/core/kv"
	"gatehouse/core/limit"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
)

// newLogger writes one JSON object a line, without the line's end, to w.
func newLogger(w io.Writer, least slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least}))
}

// open returns the gateway that e describes. If it describes none, the mistakes are
// logged, all of them, and every request is answered as misconfigured. level is set to
// what e says.
func open(e environment, b *bridge, level *slog.LevelVar) http.Handler {
	gateway, worker, err := load(e)
	if err == nil {
		level.Set(worker.LogLevel)
		var handler http.Handler
		if handler, err = assemble(gateway, worker, e, b); err == nil {
			return handler
		}
	}
	var mistakes config.Errors
	if !errors.As(err, &mistakes) {
		mistakes = config.Errors{{Problem: err.Error()}}
	}
	for _, m := range mistakes {
		b.log.Error("misconfigured", "setting", m.Name, "problem", m.Problem, "hint", m.Hint)
	}
	return http.HandlerFunc(refuse)
}

// assemble fills in the core's seams.
func assemble(gateway *config.Config, worker *Config, e environment, b *bridge) (http.Handler, error) {
	var store kv.Driver = namespace{b, time.Now}
	if worker.Store == storeObjects {
		store = objects{b}
	}
	g, err := core.New(gateway, core.Platform{
		KV:         store,
		Fetch:      fetch{b},
		Forward:    &forward{b, gateway.UpstreamTimeout, e.bindings[bindingTarget]},
		Log:        b.log,
		Limiter:    newLimiter(e, b),
		Background: b.background,
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// newLimiter is nil, which leaves limits to the core, unless a binding is there.
func newLimiter(e environment, b *bridge) platform.Limiter {
	for name := range e.bindings {
		if strings.HasPrefix(name, limitBinding("")) {
			return &limiter{b, func(name string) bool { return e.bindings[name] }, limit.NewMemory(time.Now)}
		}
	}
	return nil
}

// misconfigured is the answer to every request while the configuration has mistakes.
// Which they are is for the log alone.
var misconfigured = &problem.Problem{
	Status: http.StatusServiceUnavailable, Code: "misconfigured", RetryAfter: time.Minute,
	Title:  "This service is not configured",
	Detail: "An administrator finds in its log what is missing.",
}

func refuse(w http.ResponseWriter, r *http.Request) {
	html := (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
	misconfigured.Write(w, html, "", nil)
}
