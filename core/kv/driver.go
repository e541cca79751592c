// Package kv is the key-value seam of Gatehouse: what a platform's store must do
// ([Driver] and its optional extensions) and what the core adds to it ([Store]):
// key and value limits, a versioned envelope and expiry.
//
// It guarantees that a record is never returned after its expiry, whatever the
// store does with lifetimes. It does not guarantee that a read sees an earlier
// write: see [Driver].
package kv

import (
	"context"
	"errors"
	"time"
)

// Limits that every driver must accept and that [Store] enforces before a driver
// is called.
const (
	// MaxKeySize is the longest key in bytes.
	MaxKeySize = 255
	// MaxValueSize is the largest value in bytes that a driver is asked to keep,
	// envelope included.
	MaxValueSize = 256 << 10
)

// ErrNotFound is returned by [Driver.Get] when no value is stored under the key.
// Drivers return it unwrapped or wrapped; callers use errors.Is.
var ErrNotFound = errors.New("kv: not found")

// Driver is what an adapter implements for a platform's store. Callers in core use
// [Store].
//
// Keys are 1 to [MaxKeySize] bytes of [A-Za-z0-9._:-]; values are 1 to
// [MaxValueSize] bytes. A driver MAY be eventually consistent: Get MAY return an
// older value, MAY miss a value written moments ago, MAY return a deleted one. A
// Put or Delete that returns an error MAY have taken effect. Methods are safe for
// concurrent use, honour ctx where the platform lets them, and keep no reference
// to value after they return.
type Driver interface {
	// Get returns the value under key, or ErrNotFound. An empty value is never
	// stored, so a driver whose platform confuses "empty" with "missing" reports
	// ErrNotFound for both. The caller owns the returned slice.
	Get(ctx context.Context, key string) ([]byte, error)

	// Put stores value under key, replacing what was there. From expiry on the
	// value is garbage: the driver SHOULD remove it some time after, MUST NOT
	// remove it before, and MAY keep it for ever. A driver with a minimum
	// lifetime rounds up.
	Put(ctx context.Context, key string, value []byte, expiry time.Time) error

	// Delete removes key. Deleting a key that is not there is no error.
	Delete(ctx context.Context, key string) error
}
