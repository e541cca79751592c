package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/core/identity"
	"gatehouse/core/kv"
)

// ErrNoList says that the store cannot enumerate its keys.
var ErrNoList = errors.New("session: store cannot list")

// Listed is a session as administrators see it.
type Listed struct {
	// Ref names the session to [Sessions.Revoke]; it opens nothing.
	Ref      string
	Identity identity.Identity
	Created  time.Time
	Expires  time.Time
}

// List returns a page of the sessions that are not over, at most limit, and the
// cursor of the next page, empty after the last. A page may be empty although a
// further one is not, and a session may occur on two pages. The error is ErrNoList or
// ErrStore.
func (s *Sessions) List(ctx context.Context, cursor string, limit int) ([]Listed, string, error) {
	lister, ok := s.store.Driver().(kv.Lister)
	if !ok {
		return nil, "", ErrNoList
	}
	keys, next, err := lister.List(ctx, string(kv.Sessions), cursor, limit)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrStore, err)
	}
	var page []Listed
	for _, key := range keys {
		ref := strings.TrimPrefix(key, string(kv.Sessions))
		raw, err := s.store.Get(ctx, kv.Sessions, ref)
		if errors.Is(err, kv.ErrNotFound) || errors.Is(err, kv.ErrCorrupt) || errors.Is(err, kv.ErrKey) {
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("%w: %w", ErrStore, err)
		}
		r, err := decodeRecord(raw)
		if err != nil || r.Ended {
			continue
		}
		found := &Session{Record: *r, Ref: ref}
		if err := s.settle(ctx, found, s.now()); err != nil {
			return nil, "", err
		}
		if found.Ended {
			continue
		}
		page = append(page, Listed{Ref: ref, Identity: *r.Identity,
			Created: time.Unix(r.Created, 0), Expires: time.Unix(r.Expires, 0)})
	}
	return page, next, nil
}
