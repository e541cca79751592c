package spin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"gatehouse/adapters/spin/wasi"
	"gatehouse/core"
	"gatehouse/core/config"
	"gatehouse/core/cookie"
	"gatehouse/core/kv"
	"gatehouse/core/kv/rest"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
)

// backgroundWait bounds the work that follows an answer.
const backgroundWait = 30 * time.Second

// Handler serves the gateway that host's settings describe. It is assembled at the
// first request: nothing can be asked of a host before. When the settings are wrong
// every answer is 500 and the log says what to mend.
func Handler(host Host) wasi.Handler {
	a := &adapter{host: host}
	assemble := sync.OnceValue(a.assemble)
	return func(ctx context.Context, in *wasi.Incoming, answer wasi.Answer) func() {
		a.serve(ctx, assemble(), in, answer)
		work := a.takeBackground()
		return func() {
			work()
			if a.store != nil {
				a.store.release()
			}
		}
	}
}

type adapter struct {
	host       Host
	store      *keyValue // nil when the host's is not used
	peerHeader string    // Host's, or the one that the settings name

	mu   sync.Mutex
	work []func(context.Context)
}

// assemble makes the gateway, or what answers in its place.
func (a *adapter) assemble() http.Handler {
	c, settings, err := load(a.host)
	log := slog.New(slog.NewJSONHandler(a.host.Log, &slog.HandlerOptions{Level: settings.LogLevel}))
	if err != nil {
		return misconfigured(log, err)
	}
	a.peerHeader = cmp.Or(a.host.PeerHeader, settings.PeerHeader)
	store := a.openStore(settings)
	gateway, err := core.New(c, core.Platform{
		KV:         store,
		Fetch:      fetch{a.host.Send},
		Forward:    a.forwarder(c),
		Log:        log,
		Limiter:    a.limiter(c, store, log),
		Background: a.background,
	})
	if err != nil {
		return misconfigured(log, err)
	}
	if a.store == nil || settings.SweepToken.Empty() {
		return gateway
	}
	return sweeping(gateway, c.BasePath+sweepPath, settings.SweepToken, a.store, log)
}

// forwarder returns the way to the application.
func (a *adapter) forwarder(c *config.Config) platform.Forwarder {
	if a.host.Pass != nil {
		return &composed{a.host.Pass, cookie.NewNames(c.CookieName, c.DevMode).Session}
	}
	return &forward{a.host.Send, c.UpstreamTimeout}
}

// openStore returns the store that settings choose.
func (a *adapter) openStore(settings *Config) kv.Driver {
	switch settings.Store {
	case storeSpin:
		a.store = &keyValue{open: func() (KeyValue, error) { return a.host.Store(settings.StoreLabel) }}
		return a.store
	case storeRest:
		return rest.New(rest.Options{URL: settings.Rest.URL, Token: settings.Rest.Token, Transport: fetch{a.host.Send}})
	}
	return new(kv.Memory)
}

// misconfigured answers 500 and logs each mistake.
func misconfigured(log *slog.Logger, err error) http.Handler {
	var mistakes config.Errors
	if !errors.As(err, &mistakes) {
		mistakes = config.Errors{{Name: "gateway", Problem: err.Error()}}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, e := range mistakes {
			log.Error("configuration", "setting", e.Name, "problem", e.Problem, "hint", e.Hint)
		}
		problem.Internal.Write(w, false, "", nil)
	})
}

// serve answers one request.
func (a *adapter) serve(ctx context.Context, gateway http.Handler, in *wasi.Incoming, answer wasi.Answer) {
	w := newResponse(answer, in.Method)
	defer func() {
		if e := recover(); e != nil {
			// The gateway has logged it, unless the client is to see a broken answer.
			if e != http.ErrAbortHandler {
				fmt.Fprintf(a.host.Log, "{\"level\":\"ERROR\",\"msg\":\"panic\",\"panic\":%q}\n", fmt.Sprint(e))
			}
			w.abort()
			return
		}
		_ = w.finish() // the client is gone
	}()
	r, err := request(ctx, in, a.peerHeader, a.host.Pass == nil)
	if err != nil {
		badRequest(w)
		return
	}
	gateway.ServeHTTP(w, r)
}

// badRequest answers what no server would hand to a handler.
func badRequest(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte("400 Bad Request"))
}

// background keeps work until the answer has ended.
func (a *adapter) background(work func(context.Context)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.work = append(a.work, work)
}

// takeBackground returns what does the work that was kept.
func (a *adapter) takeBackground() func() {
	a.mu.Lock()
	work := a.work
	a.work = nil
	a.mu.Unlock()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), backgroundWait)
		defer cancel()
		for _, w := range work {
			w(ctx)
		}
	}
}
