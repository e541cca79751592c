package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gatehouse/adapters/native"
	"gatehouse/core"
)

// peerHeader carries the peer that a case wants to the server, which cannot choose
// the addresses that connect to it.
const peerHeader = "X-Conformance-Peer"

// nativeTarget is the gateway behind a net/http server, with the native forwarder;
// fresh makes a new gateway for every request.
type nativeTarget struct{ fresh bool }

func TestNative(t *testing.T)      { TestGateway(t, nativeTarget{}) }
func TestNativeFresh(t *testing.T) { TestGateway(t, nativeTarget{fresh: true}) }

func (n nativeTarget) Name() string {
	return map[bool]string{false: "native", true: "native-fresh"}[n.fresh]
}
func (n nativeTarget) Forgets() bool { return n.fresh }

func (n nativeTarget) Addresses(t testing.TB, network http.RoundTripper) (issuer, upstream string) {
	return "", Serve(t, network)
}

func (n nativeTarget) Start(t testing.TB, w World) Instance {
	config, err := core.LoadConfig(func(name string) (string, bool) { v, ok := w.Config[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	forward := native.NewForward(config.UpstreamTimeout, w.Log)
	i := &nativeInstance{forward: forward}
	assemble := func() *core.Gateway {
		g, err := core.New(config, core.Platform{KV: w.KV, Fetch: w.Network, Forward: forward, Now: w.Now, Log: w.Log, Background: i.background})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	kept := assemble()
	i.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = r.Header.Get(peerHeader)
		r.Header.Del(peerHeader)
		g := kept
		if n.fresh {
			g = assemble()
		}
		g.ServeHTTP(w, r)
	}))
	return i
}

type nativeInstance struct {
	server  *httptest.Server
	forward *native.Forward
	mu      sync.Mutex
	work    []func()
}

// background keeps work until the answer is out, like waitUntil.
func (i *nativeInstance) background(work func(context.Context)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.work = append(i.work, func() { work(context.Background()) })
}

// Settle implements [Settler].
func (i *nativeInstance) Settle() {
	i.mu.Lock()
	work := i.work
	i.work = nil
	i.mu.Unlock()
	for _, w := range work {
		w()
	}
}

func (i *nativeInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	return Send(r, strings.TrimPrefix(i.server.URL, "http://"), http.Header{peerHeader: {r.RemoteAddr}})
}

func (i *nativeInstance) Close() {
	i.Settle()
	i.forward.Close()
	i.server.Close()
}
