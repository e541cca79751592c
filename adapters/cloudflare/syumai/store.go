package syumai

import (
	"bytes"
	"context"
	"io"
	"time"

	"gatehouse/core/kv"
)

// leastLife is the shortest lifetime that KV takes.
const leastLife = 60 * time.Second

// namespace is a KV namespace as the library offers it.
type namespace interface {
	// get returns nil for a missing key. The library itself confuses one with the
	// text "<null>".
	get(key string) (io.Reader, error)
	put(key string, value io.Reader, life int) error // in seconds
	delete(key string) error
}

// store is the store in a KV namespace. Reads may be a minute old, and so may misses.
type store struct {
	namespace namespace
	now       func() time.Time
}

var _ kv.Driver = store{}

// keyOf is the name for key in KV, which takes every key but two. It is the one that
// gatehouse/adapters/cloudflare uses.
func keyOf(key string) string {
	if key == "." || key == ".." {
		return "=" + key
	}
	return key
}

// Get implements [kv.Driver].
func (s store) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := await(ctx, func() ([]byte, error) {
		r, err := s.namespace.get(keyOf(key))
		if r == nil || err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	})
	if err == nil && len(value) == 0 {
		err = kv.ErrNotFound
	}
	return value, err
}

// Put implements [kv.Driver].
func (s store) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	life := int((max(expiry.Sub(s.now()), leastLife) + time.Second - 1) / time.Second)
	kept := bytes.Clone(value)
	return do(ctx, func() error { return s.namespace.put(keyOf(key), bytes.NewReader(kept), life) })
}

// Delete implements [kv.Driver].
func (s store) Delete(ctx context.Context, key string) error {
	return do(ctx, func() error { return s.namespace.delete(keyOf(key)) })
}

func do(ctx context.Context, call func() error) error {
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, call() })
	return err
}
