package spin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// KeyValue is an open store of the host's, without lifetimes.
type KeyValue interface {
	// Get returns the value under key; ok is false when there is none.
	Get(key string) (value []byte, ok bool, err error)
	Set(key string, value []byte) error
	Delete(key string) error
	// Keys returns every key.
	Keys() ([]string, error)
	Close() error
}

// keyValue is a [kv.Driver] on a host's store, and a [kv.Lister]. It opens the store
// when it is first needed and keeps it open until release. Expired values stay until
// they are swept. Calls block until the host is done, whatever the context says.
type keyValue struct {
	open func() (KeyValue, error)

	mu    sync.Mutex
	store KeyValue // nil until it was opened
}

var (
	_ kv.Driver = (*keyValue)(nil)
	_ kv.Lister = (*keyValue)(nil)
)

// do calls f with the open store.
func (k *keyValue) do(ctx context.Context, f func(KeyValue) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.store == nil {
		store, err := k.open()
		if err != nil {
			return fmt.Errorf("spin: open store: %w", err)
		}
		k.store = store
	}
	return f(k.store)
}

// release closes the store.
func (k *keyValue) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.store != nil {
		_ = k.store.Close()
	}
	k.store = nil
}

// Get implements [kv.Driver].
func (k *keyValue) Get(ctx context.Context, key string) (value []byte, err error) {
	err = k.do(ctx, func(s KeyValue) error {
		var ok bool
		if value, ok, err = s.Get(key); err == nil && (!ok || len(value) == 0) {
			err = kv.ErrNotFound
		}
		return err
	})
	return value, err
}

// Put implements [kv.Driver].
func (k *keyValue) Put(ctx context.Context, key string, value []byte, _ time.Time) error {
	return k.do(ctx, func(s KeyValue) error { return s.Set(key, value) })
}

// Delete implements [kv.Driver].
func (k *keyValue) Delete(ctx context.Context, key string) error {
	return k.do(ctx, func(s KeyValue) error { return s.Delete(key) })
}

// List implements [kv.Lister]. The host returns all keys for each page.
func (k *keyValue) List(ctx context.Context, prefix, cursor string, limit int) (keys []string, next string, err error) {
	err = k.do(ctx, func(s KeyValue) error {
		all, err := s.Keys()
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(key string) bool { return !strings.HasPrefix(key, prefix) || key <= cursor })
		slices.Sort(all)
		keys = all[:min(len(all), max(limit, 1))]
		if len(keys) < len(all) {
			next = keys[len(keys)-1]
		}
		return nil
	})
	return keys, next, err
}
