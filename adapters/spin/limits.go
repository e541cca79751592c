package spin

import (
	"context"
	"log/slog"
	"time"

	"gatehouse/core"
	"gatehouse/core/kv"
	"gatehouse/core/limit"
	"gatehouse/core/platform"
)

// limiter counts in store: exactly where that can count, else nearly. Where the host
// does not tell who the client is nothing is counted, because all clients would share
// one budget, and any could use it up. nil, the core's own, is for stores in memory.
func (a *adapter) limiter(c *core.Config, store kv.Driver, log *slog.Logger) platform.Limiter {
	if a.peerHeader == "" {
		return unlimited{}
	}
	o := limit.Options{Secret: []byte(c.CookieSecrets[0].Reveal()), Now: time.Now, Log: log}
	if counter, ok := store.(kv.Counter); ok {
		return limit.NewCounted(counter, o)
	}
	if a.store != nil {
		return limit.NewSlots(store, o)
	}
	return nil
}

// unlimited lets everything pass.
type unlimited struct{}

// Allow implements [platform.Limiter].
func (unlimited) Allow(context.Context, platform.Limit, string) (time.Duration, bool) { return 0, true }
