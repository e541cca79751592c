package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/core/kv"
)

// announce leaves a record that there is a session of r's sid. It is written, and never
// changed, so that no logout can be lost with it. The error is ErrStore.
func (s *Sessions) announce(ctx context.Context, r *Record) error {
	if !s.announces || r.ProviderSession == "" {
		return nil
	}
	id := s.markID(announced, r.ProviderSession)
	if err := s.store.Put(ctx, kv.Ends, id, mark{}.encode(), s.markExpiry(s.now())); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

// EndAnnounced is [Sessions.EndAll], here and now, for a sid that anybody may have made
// up: it writes nothing unless a session of the sid began in this deployment, as far as
// the store shows. The error is ErrNoMarks or ErrStore.
func (s *Sessions) EndAnnounced(ctx context.Context, sid string) error {
	if !s.announces {
		return ErrNoMarks
	}
	_, err := s.store.Get(ctx, kv.Ends, s.markID(announced, sid))
	switch {
	case errors.Is(err, kv.ErrNotFound), errors.Is(err, kv.ErrCorrupt):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s.EndAll(ctx, Ending{SessionID: sid})
}

// Ended reports whether found is over by now: by time, by a logout here or by one from
// elsewhere. It is for what goes on after the request that found was loaded for, and asks
// the store at most once in [CacheAge]. The error is ErrStore: then nobody knows.
func (s *Sessions) Ended(ctx context.Context, found *Session) (bool, error) {
	now := s.now()
	if !now.Before(found.Expiry()) {
		return true, nil
	}
	current, err := s.load(ctx, found.Ref)
	if errors.Is(err, kv.ErrNotFound) {
		// The store may only be behind, as after a login.
		if now.Sub(time.Unix(found.Created, 0)) >= HandoverTime {
			return true, nil
		}
		current = &Session{Record: found.Record, Ref: found.Ref}
		err = s.settle(ctx, current, now)
	}
	if err != nil {
		return false, err
	}
	return current.Ended, nil
}
