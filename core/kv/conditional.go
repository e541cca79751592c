package kv

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Found is a record as it was read or written, so that it can be replaced if it is
// still the same. It is read-only.
type Found struct {
	Value  []byte
	Expiry time.Time

	raw []byte
}

// Conditional reports whether [Store.Replace] depends on what is there.
func (s *Store) Conditional() bool {
	_, ok := s.driver.(Swapper)
	return ok
}

// Look is [Store.Get] for a record that may be replaced.
func (s *Store) Look(ctx context.Context, use Use, id string) (*Found, error) {
	key, err := keyOf(use, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	raw, err := s.driver.Get(ctx, key)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, ErrNotFound
		}
		return nil, fmt.Errorf("kv: get: %w", err)
	}
	value, expiry, err := s.Decode(key, raw)
	if err != nil {
		return nil, err
	}
	if !s.now().Before(expiry) {
		return nil, ErrNotFound
	}
	return &Found{Value: value, Expiry: expiry, raw: raw}, nil
}

// Replace stores value in place of old, which nil says is not there, and returns what
// it stored. When something else is there, the error is ErrConflict and nothing was
// written; a driver that is no [Swapper] writes in any case. After another error it may
// have been written.
func (s *Store) Replace(ctx context.Context, use Use, id string, old *Found, value []byte, expiry time.Time) (*Found, error) {
	key, err := keyOf(use, id)
	if err != nil {
		return nil, err
	}
	raw := s.encode(key, value, expiry)
	if len(raw) > MaxValueSize {
		return nil, ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if swapper, ok := s.driver.(Swapper); ok {
		var before []byte
		if old != nil {
			before = old.raw
		}
		err = swapper.Swap(ctx, key, before, raw, expiry)
	} else {
		err = s.driver.Put(ctx, key, raw, expiry)
	}
	switch {
	case errors.Is(err, ErrConflict):
		return nil, ErrConflict
	case err != nil:
		return nil, fmt.Errorf("kv: replace: %w", err)
	}
	return &Found{Value: value, Expiry: expiry, raw: raw}, nil
}
