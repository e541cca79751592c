package cloudflare

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// pump stands for the JavaScript side of one isolate.
type pump struct {
	*bridge
	t testing.TB

	mu sync.Mutex
	// live says which requests have a pump.
	live map[int]bool
	// seen are the operations in their order, written as "REQUEST KIND NUMBER TEXT"
	// with "|" for the separator.
	seen []string
	sent []operation
	// serve makes the reply to an operation with an outcome; nil, or false, leaves it
	// open.
	serve func(o operation) (reply, bool)
	// ended is closed by the first "end".
	ended chan struct{}
	once  sync.Once
}

func newPump(t testing.TB, requests ...int) *pump {
	p := &pump{t: t, live: map[int]bool{}, ended: make(chan struct{})}
	p.bridge = newBridge(p.send, slog.New(slog.DiscardHandler))
	for _, id := range requests {
		p.live[id] = true
		p.bridge.live[id] = &request{id: id, ctx: context.Background(), cancel: func() {}, pending: 1}
	}
	return p
}

func (p *pump) send(request, id int, o operation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live[request] {
		return false
	}
	p.sent = append(p.sent, o)
	p.seen = append(p.seen, o.kind+" "+strings.ReplaceAll(o.text, separator, "|"))
	if o.kind == "end" {
		p.once.Do(func() { close(p.ended) })
	}
	if id != 0 && p.serve != nil {
		if r, ok := p.serve(o); ok {
			go p.done(id, r)
		}
	}
	return true
}

// request begins a request and its pump.
func (p *pump) context(id int) context.Context {
	p.bridge.mu.Lock()
	defer p.bridge.mu.Unlock()
	return context.WithValue(context.Background(), requestKey{}, p.bridge.live[id])
}

// kinds are the operations so far.
func (p *pump) kinds() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kinds []string
	for _, o := range p.sent {
		kinds = append(kinds, o.kind)
	}
	return strings.Join(kinds, " ")
}

// last is the last operation of a kind.
func (p *pump) operation(kind string) operation {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if p.sent[i].kind == kind {
			return p.sent[i]
		}
	}
	p.t.Fatalf("no operation %q among %q", kind, p.seen)
	return operation{}
}
