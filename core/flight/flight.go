// Package flight lets callers who want the same thing at the same time share one
// attempt.
package flight

import (
	"context"
	"errors"
	"sync"
)

// ErrFull: so many attempts are under way that no further one is begun.
var ErrFull = errors.New("flight: too many attempts under way")

// Group is the attempts under way, by key. The zero value has no bound. It is safe for
// concurrent use.
type Group[V any] struct {
	// Max bounds the attempts under way; 0 means no bound. Set it before use.
	Max int

	mu    sync.Mutex
	calls map[string]*call[V]
}

// call is one attempt; value, err and abandoned are set before done is closed.
type call[V any] struct {
	done      chan struct{}
	value     V
	err       error
	abandoned bool // the caller that led it went away
}

// Do returns what attempt returns for key. The first caller makes the attempt, in its own
// context, and others wait for it; if it goes away, one of them takes over. A caller
// that comes just after an attempt ended begins another, so attempt must look first at
// where an earlier one left its result. The error is attempt's, ErrFull, or ctx's own
// for a caller that waits.
func (g *Group[V]) Do(ctx context.Context, key string, attempt func(context.Context) (V, error)) (V, error) {
	for {
		g.mu.Lock()
		c, joined := g.calls[key]
		if !joined {
			if g.Max > 0 && len(g.calls) >= g.Max {
				g.mu.Unlock()
				var none V
				return none, ErrFull
			}
			if g.calls == nil {
				g.calls = map[string]*call[V]{}
			}
			c = &call[V]{done: make(chan struct{})}
			g.calls[key] = c
			g.mu.Unlock()
			return g.lead(ctx, key, c, attempt)
		}
		g.mu.Unlock()
		select {
		case <-c.done:
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
		if !c.abandoned {
			return c.value, c.err
		}
	}
}

func (g *Group[V]) lead(ctx context.Context, key string, c *call[V], attempt func(context.Context) (V, error)) (V, error) {
	c.abandoned = true // unless attempt returns
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.calls, key)
		close(c.done)
	}()
	c.value, c.err = attempt(ctx)
	c.abandoned = c.err != nil && ctx.Err() != nil
	return c.value, c.err
}
