package session

import (
	"context"
	"fmt"

	"gatehouse/core/kv"
)

// End ends the session under ref, whether the store knows it yet or not. The store keeps a mark in the record's place until the
// hand-over cookie has expired everywhere, so that a copy of both cookies opens
// nothing. cookies are the Set-Cookie values that make the browser forget it. The
// error is ErrStore: whether the session ended is then unknown.
func (s *Sessions) End(ctx context.Context, ref string) (cookies []string, err error) {
	if err := s.Revoke(ctx, ref); err != nil {
		return nil, err
	}
	return []string{s.names.Clear(s.names.Session), s.names.Clear(s.names.Handover)}, nil
}

// Revoke is End for administrators, who have no browser to tell.
func (s *Sessions) Revoke(ctx context.Context, ref string) error {
	now := s.now()
	mark := Record{Version: recordVersion, Ended: true}
	if err := s.store.Put(ctx, kv.Sessions, ref, mark.encode(), now.Add(endedFor)); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	s.cache.put(&Session{Record: mark, Ref: ref}, now)
	s.watchers.tell(func(one *Session) bool { return one.Ref == ref })
	if s.keeper != nil {
		// A refresh under way has to find out.
		if err := s.keeper.Close(ctx, ref); err != nil {
			return fmt.Errorf("%w: %w", ErrStore, err)
		}
	}
	return nil
}
