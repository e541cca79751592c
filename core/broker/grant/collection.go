package grant

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// Collections keep values that are taken at most once: with a store that can write
// conditionally exactly once, elsewhere once in a process and as far as reads see
// earlier writes. That a value was taken is written under a key of its own: a
// store may be slow to show a change, and may refuse one that comes soon after another.
// It is safe for concurrent use.
type Collections struct {
	store *kv.Store
	now   func() time.Time

	mu sync.Mutex
	// taken are those taken in this process, by key; ring the same in order.
	taken map[string]bool
	ring  []string
	next  int
}

// NewCollections returns those kept in store.
func NewCollections(store *kv.Store, now func() time.Time) *Collections {
	return &Collections{store: store, now: now, taken: map[string]bool{}}
}

// What the first byte of a record says; a taken one goes on with who took it.
const (
	holds = 'v'
	taken = 't'
	// takenSuffix of a key is that of the mark beside the record.
	takenSuffix = ".t"
)

const (
	// changes bounds how often an operation begins anew because the record changed.
	changes = 5
	// takenSize bounds what a process remembers.
	takenSize = 4096
)

// Put stores value under id, a secret whose hash is the key. What is there already is
// replaced unless it was taken: then the error is ErrTaken. Else it is ErrStore.
func (c *Collections) Put(ctx context.Context, id string, value []byte, expiry time.Time) error {
	return c.change(ctx, id, func(found *kv.Found, err error) ([]byte, time.Time, error) {
		if errors.Is(err, ErrTaken) {
			return nil, time.Time{}, err
		}
		return append([]byte{holds}, value...), expiry, nil
	})
}

// Get returns the value and leaves it. The error is ErrNotFound, ErrTaken or ErrStore.
func (c *Collections) Get(ctx context.Context, id string) ([]byte, error) {
	found, err := c.look(ctx, hash([]byte(id)))
	if err != nil {
		return nil, err
	}
	return found.Value[1:], nil
}

// Take returns the value to one caller. The error is ErrNotFound, ErrTaken or ErrStore;
// after ErrStore it may be taken nevertheless.
func (c *Collections) Take(ctx context.Context, id string) (value []byte, err error) {
	err = c.change(ctx, id, func(found *kv.Found, err error) ([]byte, time.Time, error) {
		if err != nil {
			return nil, time.Time{}, err
		}
		value = found.Value[1:]
		return append([]byte{taken}, rand.Text()...), found.Expiry, nil
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Burn makes every later Take fail with ErrTaken until expiry, also for an id that is
// not there. The error is ErrStore.
func (c *Collections) Burn(ctx context.Context, id string, expiry time.Time) error {
	err := c.change(ctx, id, func(found *kv.Found, err error) ([]byte, time.Time, error) {
		if errors.Is(err, ErrTaken) {
			return nil, time.Time{}, err
		}
		return append([]byte{taken}, rand.Text()...), expiry, nil
	})
	if errors.Is(err, ErrTaken) {
		return nil
	}
	return err
}

// look reads a record that was not taken.
func (c *Collections) look(ctx context.Context, key string) (*kv.Found, error) {
	found, err := c.store.Look(ctx, collections, key)
	switch {
	case c.isTaken(key):
		return nil, ErrTaken
	case errors.Is(err, kv.ErrNotFound), errors.Is(err, kv.ErrCorrupt):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	case len(found.Value) == 0 || found.Value[0] != holds:
		return nil, ErrTaken
	}
	switch _, err := c.store.Get(ctx, collections, key+takenSuffix); {
	case err == nil:
		return nil, ErrTaken
	case !errors.Is(err, kv.ErrNotFound):
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return found, nil
}

// change replaces the record under id by what to makes of it. to is given the record,
// or ErrNotFound or ErrTaken; what it returns as an error is change's.
func (c *Collections) change(ctx context.Context, id string, to func(*kv.Found, error) ([]byte, time.Time, error)) error {
	key := hash([]byte(id))
	for range changes {
		found, err := c.look(ctx, key)
		if errors.Is(err, ErrStore) {
			return err
		}
		value, expiry, err := to(found, err)
		if err != nil {
			return err
		}
		if value[0] == taken && found != nil {
			return c.mark(ctx, key, value, expiry)
		}
		if err = c.replace(ctx, key, found, value, expiry); !errors.Is(err, kv.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("%w: the record keeps changing", ErrStore)
}

// replace writes. The error is kv.ErrConflict or ErrStore.
func (c *Collections) replace(ctx context.Context, key string, found *kv.Found, value []byte, expiry time.Time) error {
	_, err := c.store.Replace(ctx, collections, key, found, value, expiry)
	if err == nil || errors.Is(err, kv.ErrConflict) {
		return err
	}
	// It may have been written all the same.
	if there, e := c.store.Look(ctx, collections, key); e == nil && string(there.Value) == string(value) {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

// mark says beside a record that it was taken. Of several who do one succeeds.
func (c *Collections) mark(ctx context.Context, key string, value []byte, expiry time.Time) error {
	if !c.take(key) {
		return ErrTaken
	}
	err := c.replace(ctx, key+takenSuffix, nil, value, expiry)
	if errors.Is(err, kv.ErrConflict) {
		return ErrTaken
	}
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.taken, key)
	}
	return err
}

func (c *Collections) isTaken(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken[key]
}

// take remembers that key was taken here and reports whether that is news.
func (c *Collections) take(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken[key] {
		return false
	}
	if len(c.ring) < takenSize {
		c.ring = append(c.ring, key)
	} else {
		delete(c.taken, c.ring[c.next])
		c.ring[c.next] = key
		c.next = (c.next + 1) % takenSize
	}
	c.taken[key] = true
	return true
}
