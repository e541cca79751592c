package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// peerHeader carries the peer that a case wants to a server, which cannot choose
// the addresses that connect to it.
const peerHeader = "X-Conformance-Peer"

// ServeHandler is an instance that serves h with net/http on a loopback address.
// background, if not nil, holds the handler's work in the background; it is done
// after the answer.
func ServeHandler(h http.Handler, background *Background) Instance {
	if background == nil {
		background = new(Background)
	}
	return &handlerInstance{background, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = r.Header.Get(peerHeader)
		r.Header.Del(peerHeader)
		h.ServeHTTP(w, r)
	}))}
}

type handlerInstance struct {
	*Background
	server *httptest.Server
}

func (i *handlerInstance) RoundTrip(r *http.Request) (*http.Response, error) {
	return Send(r, strings.TrimPrefix(i.server.URL, "http://"), http.Header{peerHeader: {r.RemoteAddr}})
}

func (i *handlerInstance) Close() {
	i.Settle()
	i.server.CloseClientConnections()
	i.server.Close()
}

// Background keeps work until [Background.Settle] does it, like waitUntil does until
// the answer is out. It is safe for concurrent use; the zero value is ready.
type Background struct {
	mu   sync.Mutex
	work []func(context.Context)
}

// Run keeps work; it is a platform's Background.
func (b *Background) Run(work func(context.Context)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.work = append(b.work, work)
}

// Settle implements [Settler].
func (b *Background) Settle() {
	b.mu.Lock()
	work := b.work
	b.work = nil
	b.mu.Unlock()
	for _, w := range work {
		w(context.Background())
	}
}
