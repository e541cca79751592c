package kv

import (
	"context"
	"fmt"
	"time"
)

// Within runs op and waits for it no longer than ctx and wait allow, even where the
// driver ignores contexts. An op that is late goes on by itself and its result is
// dropped.
func Within[T any](ctx context.Context, wait time.Duration, op func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	done := make(chan result, 1)
	go func() {
		defer cancel()
		defer func() {
			// A panic in a goroutine of its own would end the process.
			if e := recover(); e != nil {
				done <- result{err: fmt.Errorf("store panicked: %v", e)}
			}
		}()
		value, err := op(ctx)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		// The operation may have ended in the same instant.
		select {
		case r := <-done:
			return r.value, r.err
		default:
		}
		var none T
		return none, ctx.Err()
	}
}
