// Package platform is the seam between the core and the runtime it runs in: a
// handful of small interfaces that an adapter fills in. Nothing here decides
// anything.
package platform

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"gatehouse/core/kv"
)

// Platform is what an adapter hands to core.New. KV, Fetch and Forward are
// required. All of it must be safe for concurrent use.
//
// The request that an adapter passes to the core carries the peer's address in
// RemoteAddr ("host:port" or a bare IP address) as the platform vouches for it,
// never taken from a header that a client can set; empty means unknown.
type Platform struct {
	// KV is the store of sessions and cached provider documents.
	KV kv.Driver

	// Fetch makes outbound requests to the provider. It never follows redirects.
	// The core bounds time and size itself, and asks only for hosts that the
	// configuration names.
	Fetch http.RoundTripper

	// Forward passes requests on to the application.
	Forward Forwarder

	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// Log receives structured records; nil discards them. Secrets never reach it.
	Log *slog.Logger

	// Limiter bounds how often one client address may use costly routes; nil
	// means a sliding window in process memory.
	Limiter Limiter

	// Background runs work that the answer need not wait for (waitUntil, a
	// goroutine). The context it passes outlives the request. nil runs the work
	// at once, before Background returns.
	Background func(work func(context.Context))

	// After calls f in a goroutine of its own once d has passed, unless stop is called
	// before; nil means by the system's timers. What it calls belongs to a request that is
	// under way.
	After func(d time.Duration, f func()) (stop func())
}

// Forwarder sends a request to the application and its answer to the client.
type Forwarder interface {
	// Forward sends out, whose URL, header and body the core has made safe, and
	// streams the application's answer to w; bodies are not buffered, and may be
	// handed over natively. Before the answer's header is written, edit is called
	// once with it and may change it; informational answers are not edited.
	//
	// When out carries "Connection: Upgrade", the answer may be 101 and the
	// connection is then joined in both directions until out's context ends.
	//
	// When out's context ends, so does the exchange, and the client can tell the answer
	// from a whole one. A body that was handed over may go on instead, unless [Lasts] says
	// that the exchange does: Forward then returns when all of it is over.
	//
	// An error means that nothing was written to w: ErrTimeout,
	// ErrUpgradeUnsupported, the context's error, or any other error for "the
	// application could not be reached". What goes wrong after the header is out
	// ends the answer abruptly: Forward panics with [http.ErrAbortHandler], or returns nil
	// where the platform does not tell it.
	Forward(w http.ResponseWriter, out *http.Request, edit func(status int, header http.Header)) error
}

// Errors of [Forwarder.Forward] with a meaning of their own.
var (
	// ErrTimeout: the application did not answer in time.
	ErrTimeout = errors.New("platform: application timed out")
	// ErrUpgradeUnsupported: the platform cannot join upgraded connections.
	ErrUpgradeUnsupported = errors.New("platform: upgrade not supported")
	// ErrRequestBody: the client's body could not be read (it went away, broke
	// the framing, or exceeded a limit).
	ErrRequestBody = errors.New("platform: request body failed")
)

// Limit names a budget of events per client.
type Limit struct {
	Name  string        // stable, lower case: "login"
	Count int           // events per window
	Per   time.Duration // window
}

// Limiter counts events. It is an availability measure: an implementation that
// cannot tell lets the event pass.
type Limiter interface {
	// Allow counts one event for key under limit and reports whether it is within
	// it; if not, retryAfter (at least a second) says when the next one may be. A
	// platform whose budgets are fixed at deployment goes by limit.Name.
	Allow(ctx context.Context, limit Limit, key string) (retryAfter time.Duration, ok bool)
}
