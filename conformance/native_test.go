package conformance

import (
	"net/http"
	"testing"

	"gatehouse/adapters/native"
	"gatehouse/core"
)

// nativeTarget is the gateway in process, with the native forwarder; fresh makes a
// new gateway for every request.
type nativeTarget struct{ fresh bool }

func TestNative(t *testing.T)      { TestGateway(t, nativeTarget{}) }
func TestNativeFresh(t *testing.T) { TestGateway(t, nativeTarget{fresh: true}) }

func (n nativeTarget) Forgets() bool { return n.fresh }

func (n nativeTarget) Name() string {
	if n.fresh {
		return "native-fresh"
	}
	return "native"
}

func (n nativeTarget) Addresses(t testing.TB, network http.RoundTripper) (issuer, upstream string) {
	return "", Serve(t, network)
}

func (n nativeTarget) Start(t testing.TB, w World) Instance {
	config, err := core.LoadConfig(func(name string) (string, bool) { v, ok := w.Config[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	forward := native.NewForward(config.UpstreamTimeout, w.Log)
	t.Cleanup(forward.Close)
	background := new(Background)
	assemble := func() http.Handler {
		g, err := core.New(config, core.Platform{KV: w.KV, Fetch: w.Network, Forward: forward, Now: w.Now, Log: w.Log, Background: background.Run})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	if n.fresh {
		return ServeHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { assemble().ServeHTTP(w, r) }), background)
	}
	return ServeHandler(assemble(), background)
}
