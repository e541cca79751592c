package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/kv"
	"gatehouse/core/problem"
)

// readyAge is how long an answer of the readiness check stands, so that asking
// costs at most one store read and one discovery in that time.
const readyAge = 5 * time.Second

// readyWait bounds one check.
const readyWait = 15 * time.Second

type readiness struct {
	mu      sync.Mutex
	checked time.Time
	err     error
}

// health is GET /health: the process answers. It asks nothing else.
func (g *Gateway) health(x *exchange.Exchange) {
	x.Write(http.StatusOK, "text/plain; charset=utf-8", []byte("OK"))
}

// readiness is GET /ready: the store answers and the provider's documents are at
// hand, so that a login would succeed.
func (g *Gateway) readiness(x *exchange.Exchange) {
	if err := g.Ready(x.Context); err != nil {
		p := problem.StoreUnavailable
		if !errors.Is(err, ErrStore) {
			p = problem.ProviderUnavailable
		}
		unready := p.With(err)
		unready.Status = http.StatusServiceUnavailable
		g.Refuse(x, unready)
		return
	}
	x.Write(http.StatusOK, "text/plain; charset=utf-8", []byte("ready"))
}

// ErrStore: the store does not answer a read, or refuses it.
var ErrStore = errors.New("gateway: store does not answer")

// Ready reports whether the store answers and the provider's documents are at hand.
// It asks at most once in readyAge; in between it returns the same.
func (g *Gateway) Ready(ctx context.Context) error {
	g.ready.mu.Lock()
	defer g.ready.mu.Unlock()
	if age := g.Now().Sub(g.ready.checked); !g.ready.checked.IsZero() && age >= 0 && age < readyAge {
		return g.ready.err
	}
	// The answer is everybody's: who asked may go away meanwhile.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWait)
	defer cancel()
	_, err := g.Store.Get(ctx, kv.Metadata, "ready")
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		err = errors.Join(ErrStore, err)
	} else {
		err = g.Provider.Ready(ctx)
	}
	g.ready.checked, g.ready.err = g.Now(), err
	return err
}
