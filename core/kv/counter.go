package kv

import (
	"context"
	"time"
)

// Counter is implemented by drivers whose store can count, and only by them: no event
// is lost, however many are counted at once. It serves limits; what is counted is no
// record, and [Driver.Get] of its key is an error or nonsense.
type Counter interface {
	// Count adds one to the number under key, 0 until then, and returns it, followed by
	// the numbers under others, which it leaves as they are. From expiry on the number is
	// 0 again: the store removes it some time after, and not before.
	Count(ctx context.Context, key string, expiry time.Time, others ...string) (numbers []int64, err error)
}
