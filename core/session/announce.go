package session

import (
	"context"
	"errors"
	"fmt"

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
