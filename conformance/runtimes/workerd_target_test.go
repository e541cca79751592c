//go:build runtimes

package runtimes

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gatehouse/conformance"
	"gatehouse/conformance/nativehost"
)

// workerdTarget is the built Worker in workerd: a process for every instance.
type workerdTarget struct{ dir string }

func TestWorkerd(t *testing.T) {
	dir, err := workerArtifact()
	if err != nil {
		t.Fatal(err)
	}
	conformance.TestGateway(t, workerdTarget{dir}, nativehost.Target{})
}

func (workerdTarget) Name() string { return "workerd" }

func (workerdTarget) RealClock() bool { return true }

func (w workerdTarget) Start(t testing.TB, world conformance.World) conformance.Instance {
	store := httptest.NewServer(namespace{world.KV, world.Now})
	i := &workerdInstance{t: t, store: store}
	settings := maps.Clone(world.Config)
	if _, ok := settings["LOG_LEVEL"]; !ok {
		settings["LOG_LEVEL"] = "debug"
	}
	i.workerd = startWorkerd(t, workerdOptions{
		dir: w.dir, main: "main.mjs", modules: map[string]string{"main.mjs": "testdata/workerd/main.mjs"},
		settings: settings, control: true,
		kv:       address(store.URL),
		outbound: address(conformance.Serve(t, outbound{world.Network})),
		line: func(line string) {
			if mark, ok := strings.CutPrefix(line, "/settled/"); ok {
				i.settled(mark)
				return
			}
			world.Log.Info(line)
		},
	})
	return i
}

// outbound is a network to which the requests for all hosts come at one address.
type outbound struct{ http.RoundTripper }

func (o outbound) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = r.Header.Get(protoHeader), r.Host
	r.Header.Del(protoHeader)
	return o.RoundTripper.RoundTrip(r)
}

func address(origin string) string { return strings.TrimPrefix(origin, "http://") }

// workerdInstance is a process and the server that its store is.
type workerdInstance struct {
	*workerd
	t     testing.TB
	store *httptest.Server

	mu    sync.Mutex
	last  int
	marks map[string]chan struct{}
}

// RoundTrip stands for the network in front of a Worker, too, which says itself who the
// peer is.
func (i *workerdInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	extra := http.Header{protoHeader: {"https"}}
	r.Header = r.Header.Clone()
	maps.DeleteFunc(r.Header, func(name string, _ []string) bool { return strings.EqualFold(name, peerHeader) })
	if peer, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		extra.Set(peerHeader, peer)
	}
	return conformance.Send(r, i.http, extra)
}

// Settle implements conformance.Settler: no work is left, and the log is complete.
func (i *workerdInstance) Settle() {
	i.mu.Lock()
	i.last++
	mark, reached := fmt.Sprint(i.last), make(chan struct{})
	if i.marks == nil {
		i.marks = map[string]chan struct{}{}
	}
	i.marks[mark] = reached
	i.mu.Unlock()
	res, err := http.Get("http://" + i.control + "/settled/" + mark + "?10")
	if err != nil {
		i.t.Errorf("workerd does not settle: %v", err)
		return
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		i.t.Errorf("work in the background does not end")
	}
	<-reached
}

func (i *workerdInstance) settled(mark string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if reached := i.marks[mark]; reached != nil {
		delete(i.marks, mark)
		close(reached)
	}
}

func (i *workerdInstance) Close() {
	i.end()
	i.store.CloseClientConnections()
	i.store.Close()
}
