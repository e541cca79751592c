package native

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	// unwantedTimeout is how long a client may take to send a body that nobody reads.
	unwantedTimeout = 10 * time.Second
	maxHeaderBytes  = 32 << 10
)

// newServer has no ReadTimeout and no WriteTimeout: both cover a whole message and
// would cut uploads, downloads, event streams and WebSockets that are well. What must
// end is bounded elsewhere: the header here, calls to the provider and the start of
// the application's answer in the core, an idle connection here.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           finalOnly(handler),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// OPTIONS * is the gateway's to answer, like every request.
		DisableGeneralOptionsHandler: true,
		// What it reports is what clients do to their connections.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// finalOnly keeps informational answers from clients of HTTP/1.0, which take them for
// the answer itself (RFC 9110, section 15.2).
func finalOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.ProtoAtLeast(1, 1) {
			w = finalWriter{w}
		}
		next.ServeHTTP(w, r)
	})
}

type finalWriter struct{ http.ResponseWriter }

func (w finalWriter) WriteHeader(status int) {
	if !isInterim(status) {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w finalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// boundUnwanted gives a request's body wait from now on, which [Forward] lifts: before
// an answer of the gateway's own the server consumes the body, and would do so for as
// long as a client without a session likes.
func boundUnwanted(next http.Handler, wait time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(wait))
		}
		next.ServeHTTP(w, r)
	})
}

// stop is how a process is asked to end.
type stop struct {
	graceful context.Context // finish what is in flight
	force    context.Context // and now do not
}

// onSignals ends graceful at the first SIGINT or SIGTERM and force at the second.
func onSignals() (s stop, release func()) {
	graceful, soft := context.WithCancel(context.Background())
	force, hard := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for _, next := range []context.CancelFunc{soft, hard} {
			select {
			case <-signals:
				next()
			case <-done:
				return
			}
		}
	}()
	return stop{graceful, force}, func() {
		signal.Stop(signals)
		close(done)
		soft()
		hard()
	}
}

// errForced says that a second signal cut requests off.
var errForced = errors.New("native: stopped at once, with requests in flight")

// run serves p on listeners until s.graceful ends, and then closes the listeners and
// upgraded connections, lets requests in flight finish for at most timeout or until
// s.force ends, and waits for background work. It closes the listeners in any case.
func (p *parts) run(s stop, listeners []net.Listener, certificate *tls.Config, timeout time.Duration, log *slog.Logger) error {
	server := newServer(boundUnwanted(p.handler, unwantedTimeout), log)
	server.TLSConfig = certificate
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() {
			if certificate != nil {
				failed <- server.ServeTLS(l, "", "")
				return
			}
			failed <- server.Serve(l)
		}()
	}
	var err error
	select {
	case <-s.graceful.Done():
		log.Info("stopping", "timeout", timeout.String())
	case err = <-failed:
		err = fmt.Errorf("native: serve: %w", err)
	}

	ctx, cancel := context.WithTimeout(s.force, timeout)
	defer cancel()
	p.forward.Close() // upgraded connections never end by themselves
	if server.Shutdown(ctx) != nil {
		server.Close()
		// Streams that never end by themselves are cut off at the timeout: that is
		// what it is for, and no failure.
		log.Warn("stopped before every request was answered")
		if s.force.Err() != nil {
			err = errors.Join(err, errForced)
		}
	}
	p.background.close(ctx)
	p.forward.Close()
	p.fetch.CloseIdleConnections()
	return err
}

// loadCertificate returns nil when the server speaks http.
func (c *Config) loadCertificate() (*tls.Config, error) {
	if c.TLSCertFile == "" {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
	if err != nil {
		return nil, withHint(fmt.Errorf("native: TLS_CERT_FILE and TLS_KEY_FILE: %w", err), "the two must be PEM files and belong together")
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// listen explains the usual reasons why an address cannot be had.
func listen(network, address, setting string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, withHint(fmt.Errorf("native: %s is in use", address), "stop what listens there, or choose another port with "+setting)
	case errors.Is(err, syscall.EACCES):
		return nil, withHint(fmt.Errorf("native: %s may not be used", address), "ports below 1024 need a privilege: choose another with "+setting)
	}
	return nil, fmt.Errorf("native: %w", err)
}
