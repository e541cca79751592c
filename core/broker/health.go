package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"gatehouse/core/exchange"
	"gatehouse/core/kv"
)

// health is GET /health: the process answers. It asks nothing else.
func (b *Broker) health(x *exchange.Exchange) {
	x.Write(http.StatusOK, "text/plain; charset=utf-8", []byte("OK"))
}

// ready is GET /ready: the store answers. Providers are others' and are not asked.
func (b *Broker) ready(x *exchange.Exchange) {
	if err := b.Ready(x.Context); err != nil {
		b.Refuse(x, storeUnavailable.With(err))
		return
	}
	x.Write(http.StatusOK, "text/plain; charset=utf-8", []byte("ready"))
}

// Ready reports whether the store answers a read.
func (b *Broker) Ready(ctx context.Context) error {
	if _, err := b.Store.Get(ctx, kv.Metadata, "ready"); err != nil && !errors.Is(err, kv.ErrNotFound) {
		return fmt.Errorf("broker: store does not answer: %w", err)
	}
	return nil
}
