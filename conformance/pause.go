package conformance

import (
	"context"
	"time"
)

type pauseKey struct{}

// WithPause returns a context for what a target asks of the world: whatever takes time
// there (a provider that is late, an answer that never comes) passes it by pause
// instead of waiting in real time. pause waits for d, for ever if that is negative,
// and returns ctx's error when that ends first; if it cannot, ok is false.
func WithPause(ctx context.Context, pause func(ctx context.Context, d time.Duration) (ok bool, err error)) context.Context {
	return context.WithValue(ctx, pauseKey{}, pause)
}

// pause lets time pass in the world; a negative d is for ever.
func pause(ctx context.Context, d time.Duration) error {
	if ok, err := virtually(ctx, d); ok {
		return err
	}
	var over <-chan time.Time
	if d >= 0 {
		over = time.After(d)
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// virtually lets virtual time pass; ok is false where there is none.
func virtually(ctx context.Context, d time.Duration) (ok bool, err error) {
	if pause, has := ctx.Value(pauseKey{}).(func(context.Context, time.Duration) (bool, error)); has {
		return pause(ctx, d)
	}
	return false, nil
}
