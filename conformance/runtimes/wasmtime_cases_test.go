//go:build runtimes

package runtimes

import (
	"maps"
	"net/http"
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/redisrest"
)

// wasmtimeTarget is "wasmtime serve" with the component of the world "wasi": a process
// for each run of a case, an instance for each request, and sockets to the provider,
// to the application and to the store.
type wasmtimeTarget struct{ compiled string }

func TestWasmtime(t *testing.T) {
	compiled, err := wasiGateway()
	if err != nil {
		t.Fatal(err)
	}
	conformance.TestGateway(t, wasmtimeTarget{compiled})
}

func (wasmtimeTarget) Name() string    { return "wasmtime" }
func (wasmtimeTarget) Forgets() bool   { return true }
func (wasmtimeTarget) RealClock() bool { return true }

func (wasmtimeTarget) Addresses(t testing.TB, network http.RoundTripper) (issuer, upstream string) {
	return conformance.Serve(t, network), conformance.Serve(t, network)
}

func (w wasmtimeTarget) Start(t testing.TB, world conformance.World) conformance.Instance {
	front := &redisrest.Front{Token: storeToken, Commands: redisrest.Driver{KV: world.KV, Now: world.Now}}
	settings := maps.Clone(world.Config)
	settings["STORE"], settings["STORE_URL"], settings["STORE_TOKEN"] = "rest", front.Serve(t), storeToken
	return wasmtimeInstance{t, serveComponent(t, w.compiled, "127.0.0.1:0", settings, func(line string) { world.Log.Info(line) })}
}

type wasmtimeInstance struct {
	t       testing.TB
	serving *serving
}

func (i wasmtimeInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	return conformance.Send(r, i.serving.address, nil)
}

// Settle implements [conformance.Settler].
func (i wasmtimeInstance) Settle() { i.serving.settle(i.t) }

func (i wasmtimeInstance) Close() { i.serving.close() }
