package limit

import (
	"context"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/platform"
)

// Counted is a limiter for instances that remember nothing: it counts in a store that
// can. It weighs two neighbouring windows as [Memory] does; they are those of the clock,
// the same for every instance. A caller that keeps a steady pace of more than one
// event below the limit is never refused. Refused events count as well, but for no more than a full
// window, so that who waits as told passes.
//
// An event is one operation of the store. One that fails, or takes longer than a
// second, lets the event pass. Make one with [NewCounted]; it is safe for concurrent
// use.
type Counted struct {
	counter kv.Counter
	names   names
	o       Options
}

var _ platform.Limiter = (*Counted)(nil)

// NewCounted makes a limiter. It asks the store nothing.
func NewCounted(counter kv.Counter, o Options) *Counted {
	return &Counted{counter: counter, names: newNames(o.Secret), o: o}
}

// Allow implements [platform.Limiter].
func (c *Counted) Allow(ctx context.Context, l platform.Limit, client string) (time.Duration, bool) {
	now := c.o.Now()
	number, left := aligned(now, l.Per)
	ctx, cancel := bounded(ctx)
	defer cancel()
	n, err := c.counter.Count(ctx, key(c.names.of(l, client, number)), now.Add(left+l.Per), key(c.names.of(l, client, number-1)))
	if err != nil {
		c.o.Log.Warn("limit is not kept", "limit", l.Name, "error", err.Error())
		return 0, true
	}
	if len(n) != 2 || n[0] < 1 || n[1] < 0 {
		return 0, true
	}
	return judge(l, left, n[0], n[1])
}
