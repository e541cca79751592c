package syumai

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

var errRuntime = errors.New("syumai: the runtime failed")

// await runs call until it returns or ctx ends. The library's calls know no deadline; one
// that is given up goes on in the background. What it panics with, an exception of
// the runtime, becomes an error.
func await[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	if err := ctx.Err(); err != nil {
		return *new(T), err
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if e := recover(); e != nil {
				o.err = fmt.Errorf("%w: %v", errRuntime, e)
			}
			done <- o
		}()
		o.value, o.err = call()
	}()
	select {
	case o := <-done:
		return o.value, withoutQuery(o.err)
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

// withoutQuery drops a text of the runtime's that may repeat an address with a query,
// which may hold a secret.
func withoutQuery(err error) error {
	if err != nil && strings.Contains(err.Error(), "?") {
		return errRuntime
	}
	return err
}
