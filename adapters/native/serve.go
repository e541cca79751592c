package native

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"gatehouse/core/config"
	"gatehouse/core/gateway"
	"gatehouse/core/kv"
	"gatehouse/core/kv/rest"
)

// gcPercent lets the heap grow to five times what lives, and to 16 MiB in any case.
const gcPercent = 400

func runServe(c *call, args []string) error {
	var file string
	if help, err := c.options(flags{"config": &file}, args); help || err != nil {
		return err
	}
	gateway, server, err := c.load(file)
	if err != nil {
		return err
	}
	// What lives is small beside what requests allocate, so that by default a
	// collection runs every few hundred requests.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	s, release := onSignals()
	defer release()
	log := newLogger(c.say.w, server.LogLevel)
	takeStandardLog(log)
	return serve(s, gateway, server, log)
}

// load reads the configuration and prints warnings.
func (c *call) load(file string) (*config.Config, *Config, error) {
	gateway, server, warnings, err := Load(file, c.environ)
	for _, w := range warnings {
		c.say.warning(w)
	}
	return gateway, server, err
}

// newLogger writes one JSON object a line.
func newLogger(w io.Writer, least slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least}))
}

// serve runs a gateway until it is asked to stop. What it opened is closed when it
// returns.
func serve(s stop, gateway *config.Config, server *Config, log *slog.Logger) error {
	certificate, err := server.loadCertificate()
	if err != nil {
		return err
	}
	var store kv.Driver = &kv.Memory{}
	switch server.Store {
	case storeBolt:
		bolt, err := OpenBolt(server.StorePath, nil)
		if err != nil {
			return err
		}
		defer bolt.Close()
		defer inBackground(func(ctx context.Context) { bolt.sweepEvery(ctx, sweepInterval, log) })()
		store = bolt
	case storeRest:
		transport := newFetch()
		defer transport.CloseIdleConnections()
		store = rest.New(rest.Options{URL: server.Rest.URL, Token: server.Rest.Token, Transport: transport})
	}
	p, err := assemble(gateway, store, log)
	if err != nil {
		return err
	}
	if server.AdminSocket != "" {
		socket, err := listenAdmin(server.AdminSocket)
		if err != nil {
			return err
		}
		admin := newServer(newAdmin(p.sessions, p.tokens, p.counters, log), log)
		defer inBackground(func(context.Context) {
			if err := admin.Serve(socket); err != http.ErrServerClosed {
				log.Error("admin socket failed", "error", err)
			}
		})()
		defer admin.Close()
	}
	l, err := listen("tcp", server.ListenAddr, "LISTEN_ADDR")
	if err != nil {
		return err
	}
	log.Info("listening", "address", l.Addr().String(), "tls", certificate != nil, "app_url", gateway.AppURL.String(), "store", server.Store, "jobs", strings.Join(gateway.Jobs(), " "))
	defer inBackground(func(ctx context.Context) { p.announce(ctx, log) })()
	return p.run(s, []net.Listener{l}, certificate, server.ShutdownTimeout, log)
}

// announce logs whether a login could begin now, so that a wrong issuer or store shows
// at the start and not in the first login.
func (p *parts) announce(ctx context.Context, log *slog.Logger) {
	err := p.ready(ctx)
	hint := "is AUTH_SERVER_URL the issuer, and can it be reached from here?"
	if errors.Is(err, gateway.ErrStore) {
		hint = "does the store that STORE names answer, and does it take the token?"
	}
	if err != nil && ctx.Err() == nil {
		log.Warn("not ready", "error", err, "hint", hint)
	} else if err == nil {
		log.Info("ready")
	}
}

// inBackground starts work and returns a function that ends and awaits it.
func inBackground(work func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { work(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}
