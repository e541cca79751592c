package native

import (
	"errors"
	"log/slog"
	"net/http"

	"gatehouse/core/config"
	"gatehouse/core/kv"
	"gatehouse/core/platform"
)

// parts are what a process holds besides the listener.
type parts struct {
	handler    http.Handler
	sessions   Sessions // nil: no administration
	forward    *Forward
	fetch      *http.Transport
	background *background
}

// newGateway is core.New behind a variable for tests of the server alone.
var newGateway = func(*config.Config, platform.Platform) (http.Handler, Sessions, error) {
	return nil, nil, errors.New("native: no core")
}

// assemble fills in the core's seams.
func assemble(c *config.Config, store kv.Driver, log *slog.Logger) (*parts, error) {
	p := &parts{
		forward:    NewForward(c.UpstreamTimeout, log),
		fetch:      newFetch(),
		background: newBackground(log),
	}
	handler, sessions, err := newGateway(c, platform.Platform{
		KV:         store,
		Fetch:      p.fetch,
		Forward:    p.forward,
		Log:        log,
		Background: p.background.run,
	})
	if err != nil {
		return nil, err
	}
	p.handler, p.sessions = handler, sessions
	return p, nil
}
