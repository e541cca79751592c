package session

import (
	"context"
	"errors"
	"fmt"

	"gatehouse/core/kv"
)

// Begin stores a session of r's identity and tokens under a new id and returns the
// Set-Cookie values that hand it to the browser. Version, Created and Expires are
// set here. old is the Ref of the session that the browser came with, or ""; it is
// ended. The error is ErrTooLarge or ErrStore, and then there is no session.
func (s *Sessions) Begin(ctx context.Context, r Record, old string) (*Session, []string, error) {
	now := s.now()
	r.Version = recordVersion
	r.Created = now.Unix()
	r.Expires = now.Add(s.life).Unix()
	t := newTicket(now)
	begun := &Session{Record: r, Ref: t.ref()}
	if err := s.announce(ctx, &r); err != nil {
		return nil, nil, err
	}
	if err := s.store.Put(ctx, kv.Sessions, begun.Ref, r.encode(), begun.Expiry()); err != nil {
		if errors.Is(err, kv.ErrTooLarge) {
			return nil, nil, ErrTooLarge
		}
		return nil, nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	s.cache.put(begun, now)
	if old != "" {
		// The browser forgets the old id in any case.
		if err := s.Revoke(ctx, old); err != nil {
			s.log.WarnContext(ctx, "previous session not ended", "session", old, "error", err)
		}
	}
	cookies := []string{s.names.Set(s.names.Session, s.sealTicket(t), s.maxAge(now, begun.Expiry()))}
	if value := s.sealHandover(&r, begun.Ref); value != "" {
		cookies = append(cookies, s.names.Set(s.names.Handover, value, HandoverTime))
	}
	return begun, cookies, nil
}
