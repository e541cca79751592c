// Package nativehost plays the cases on the gateway as the native server assembles it, in
// the test's process: what every other platform's answers are compared with. See
// [gatehouse/conformance.TestGateway].
package nativehost

import (
	"net/http"
	"testing"

	"gatehouse/adapters/native"
	"gatehouse/conformance"
	"gatehouse/core"
)

// Target is the gateway in process, with the native forwarder.
type Target struct {
	// Fresh makes a new gateway for every request.
	Fresh bool
	// Runs makes the clock go on, out of the cases' hands.
	Runs bool
}

// RealClock implements [conformance.RealClock].
func (n Target) RealClock() bool { return n.Runs }

// Running implements [conformance.Running].
func (n Target) Running() bool { return n.Runs }

// Forgets implements [conformance.Forgetter].
func (n Target) Forgets() bool { return n.Fresh }

// Conditional implements [conformance.Conditional].
func (n Target) Conditional() bool { return true }

// Name is native or native-fresh, or native-running or native-fresh-running.
func (n Target) Name() string {
	name := "native"
	if n.Fresh {
		name += "-fresh"
	}
	if n.Runs {
		name += "-running"
	}
	return name
}

// Addresses implements [conformance.Addresser]: the application is asked over a socket.
func (n Target) Addresses(t testing.TB, network http.RoundTripper) (issuer, upstream string) {
	return "", conformance.Serve(t, network)
}

// Start makes a gateway whose clock, store and provider are the case's.
func (n Target) Start(t testing.TB, w conformance.World) conformance.Instance {
	config, err := core.LoadConfig(func(name string) (string, bool) { v, ok := w.Config[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	forward := native.NewForward(config.UpstreamTimeout, w.Log)
	t.Cleanup(forward.Close)
	background := new(conformance.Background)
	assemble := func() http.Handler {
		g, err := core.New(config, core.Platform{KV: w.KV, Fetch: w.Network, Forward: forward, Now: w.Now, Log: w.Log, Background: background.Run})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	if n.Fresh {
		return conformance.ServeHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { assemble().ServeHTTP(w, r) }), background)
	}
	return conformance.ServeHandler(assemble(), background)
}
