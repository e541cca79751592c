//go:build runtimes

package runtimes

import (
	"io"
	"maps"
	"net/http"
	"sync/atomic"
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
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
	conformance.TestGateway(t, wasmtimeTarget{compiled}, nativehost.Target{Fresh: true})
}

func (wasmtimeTarget) Name() string    { return "wasmtime" }
func (wasmtimeTarget) Forgets() bool   { return true }
func (wasmtimeTarget) RealClock() bool { return true }
func (wasmtimeTarget) Limits() string  { return "exact" }

func (wasmtimeTarget) Addresses(t testing.TB, network http.RoundTripper) (issuer, upstream string) {
	return conformance.Serve(t, network), conformance.Serve(t, network)
}

func (w wasmtimeTarget) Start(t testing.TB, world conformance.World) conformance.Instance {
	front := &redisrest.Front{Token: storeToken, Commands: redisrest.Driver{KV: world.KV, Now: world.Now}}
	settings := maps.Clone(world.Config)
	settings["STORE"], settings["STORE_URL"], settings["STORE_TOKEN"] = "rest", front.Serve(t), storeToken
	settings["CLIENT_ADDRESS_HEADER"] = clientAddress
	return &wasmtimeInstance{t: t, serving: serveComponent(t, w.compiled, "127.0.0.1:0", settings, func(line string) { world.Log.Info(line) })}
}

// clientAddress is the header in which a server in front of Wasmtime would tell the
// client's address.
const clientAddress = "X-Client-Address"

type wasmtimeInstance struct {
	t       testing.TB
	serving *serving
	left    atomic.Bool // a client has, before its answer's end
}

// atOnce bounds the requests of all cases that wait for an answer. Each is an instance of
// its own, and the gateway's deadlines are in real time: those of seven cases with fifty
// requests each would pass while the processor is busy. One case's fifty are at once.
var atOnce = make(chan struct{}, 50)

func (i *wasmtimeInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	atOnce <- struct{}{}
	defer func() { <-atOnce }()
	res, err := conformance.Send(r, i.serving.address, http.Header{clientAddress: {r.RemoteAddr}})
	if err != nil {
		i.notice(r)
		return nil, err
	}
	res.Body = answerBody{res.Body, func() { i.notice(r) }}
	return res, nil
}

func (i *wasmtimeInstance) notice(r *http.Request) {
	if r.Context().Err() != nil {
		i.left.Store(true)
	}
}

// Settle implements [conformance.Settler]. An instance whose client has left is not
// waited for: that it goes on is for the case to find.
func (i *wasmtimeInstance) Settle() {
	if i.left.Load() {
		i.serving.catchUp(i.t)
		return
	}
	i.serving.settle(i.t)
}

func (i *wasmtimeInstance) Close() { i.serving.close() }

// answerBody is an answer's body; an upgraded connection's is one, too.
type answerBody struct {
	io.ReadCloser
	failed func()
}

func (b answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.failed()
	}
	return n, err
}
