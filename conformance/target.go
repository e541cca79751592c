package conformance

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"gatehouse/core/kv"
)

// World is everything outside the gateway that a case controls. A target wires it
// to the artifact under test.
type World struct {
	// Config holds the gateway's settings by name, secrets included.
	Config map[string]string
	// KV is the store; its faults are the case's. Its deadlines are the caller's.
	KV kv.Driver
	// Network answers every outbound request, to the provider and to the
	// application alike. It may block until the request's context ends.
	Network http.RoundTripper
	// Now is the clock. It may differ by years from the machine's.
	Now func() time.Time
	// Elapse moves Now. It is for targets whose time is virtual; see [WithPause].
	Elapse func(time.Duration)
	// Log receives the gateway's log records. A target that has only text hands
	// each line over as a message.
	Log *slog.Logger
}

// Target is a platform under test.
type Target interface {
	// Name is the platform's name in test output and in the ledger.
	Name() string
	// Start makes a running gateway; it fails t when the artifact does not start.
	Start(t testing.TB, w World) Instance
}

// Instance is a running gateway. RoundTrip sends one request as a client would:
// the answer's body streams, cancelling the request's context is a client that
// goes away, calls in parallel are parallel requests, and the body of a 101 answer
// is an io.ReadWriteCloser.
//
// The request's RequestURI is the request target to send byte for byte, its Host
// the public origin's, its Header's names are spelled as they are to be sent, and
// its RemoteAddr is the peer that the platform reports ("host:port"). URL is what
// net/url makes of the target, for platforms that need one; it has the scheme and
// host of the public origin. [Send] does all of this over TCP, except RemoteAddr.
type Instance interface {
	http.RoundTripper
	// Close releases the instance. It waits for work in the background.
	Close()
}

// Settler is implemented by instances that know their work in the background.
type Settler interface {
	// Settle returns when no work in the background is left.
	Settle()
}

// Addresser is implemented by targets that reach the world over real sockets and
// therefore cannot use the names that cases stand for by default.
type Addresser interface {
	// Addresses makes network reachable and returns the origins at which the
	// gateway will find the provider and the application; "" keeps the default. It
	// is called once per run of a case, before Start. See [Serve].
	Addresses(t testing.TB, network http.RoundTripper) (issuer, upstream string)
}

// Forgetter is implemented by targets whose instances may keep nothing in memory
// between two requests. Sections of a case marked "fresh" apply to them.
type Forgetter interface {
	Forgets() bool
}

// How a target's limits count the events of a client: all of them, all but some of those
// that come at the same time, or none that an earlier request was.
const (
	exactly  = "exact"
	nearly   = "approximate"
	notAtAll = "unlimited"
)

// Limiting is implemented by targets whose limits do not go by their memory: "exact",
// "approximate" or "unlimited". Others are exact, or unlimited if they forget.
type Limiting interface {
	Limits() string
}

// onCondition says that the store writes on condition.
const onCondition = "conditional"

// Conditional is implemented by targets whose store can write on condition if World.KV
// can, as it can in profile strong. Sections of a case marked "conditional" apply then.
type Conditional interface {
	Conditional() bool
}

// RealClock is implemented by targets whose runtime has its own clock, so that
// World.Now is the machine's. Their ledger has a line for @advance.
type RealClock interface {
	RealClock() bool
}

// Running is implemented by a target with a RealClock whose World.Now is the suite's all the
// same, and goes on by a second with each reading. Whoever compares two readings meets the
// edge of a second every time then, as one case in a hundred runs does on the machine's clock.
type Running interface {
	Running() bool
}

// Chooser is implemented by targets that differ from another in their store alone. They
// play the cases in whose own steps, those of a flow aside, the gateway uses the store
// where the case was played before: one of like has to have played it.
type Chooser interface {
	// ChoosesStore reports whether the target's store can be of the profile's kind.
	ChoosesStore(profile string) bool
}
