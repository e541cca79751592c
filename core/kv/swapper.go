package kv

import (
	"context"
	"errors"
	"time"
)

// ErrConflict is returned by [Swapper.Swap] when the stored value is not the
// expected one. Nothing was written.
var ErrConflict = errors.New("kv: conflict")

// Swapper is implemented by drivers whose store can write conditionally, and only
// by them: reads and swaps of one key are then linearizable.
type Swapper interface {
	// Swap replaces old by value under key, atomically. A nil old means that the
	// key must not exist. Values are compared byte by byte as Get returns them.
	// When the comparison fails it returns ErrConflict.
	Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error
}
