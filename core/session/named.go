package session

import "context"

// Named returns the session under ref as far as this store knows it, with the newest of its
// tokens; nil when it has ended, has reached its absolute limit, or cannot be had.
func (s *Sessions) Named(ctx context.Context, ref string) *Session {
	found, err := s.load(ctx, ref)
	if err != nil || found.Ended || !s.now().Before(found.Expiry()) {
		return nil
	}
	return s.Latest(ctx, found)
}
