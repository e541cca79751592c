package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"gatehouse/core/kv"
)

// markAttempts bounds how often a mark is written again that somebody else was faster
// with.
const markAttempts = 5

// ErrReplayed says that a logout token was used before.
var ErrReplayed = errors.New("session: logout token used before")

// ErrNoMarks says that sessions cannot be ended from elsewhere: [Options].Marks is not set.
var ErrNoMarks = errors.New("session: no logout from elsewhere")

// Ending is a logout that names no cookie.
type Ending struct {
	// SessionID is the provider's sid. With it only sessions of that sid end, and only
	// those of Subject if that is not empty; without it all of Subject's.
	SessionID, Subject string
	// Issued is the iat of the logout token, by the provider's clock; zero for a logout
	// that happens here and now.
	Issued time.Time
	// Token is the logout token's jti; the same one again is ErrReplayed, as long as
	// no other for the same sessions came between. Empty for a logout here.
	Token string
}

// EndAll ends the sessions that e names and that began until then. They are refused by
// this process at once, by others when they next load the session. What began later
// lives on, so that a token which is used again ends nothing new. The error is
// ErrReplayed, ErrNoMarks, or ErrStore: then it is unknown whether they ended.
func (s *Sessions) EndAll(ctx context.Context, e Ending) error {
	if s.marks == nil {
		return ErrNoMarks
	}
	now := s.now()
	var id string
	var m mark
	if e.SessionID != "" {
		id, m.Subject = s.markID(sessionMark, e.SessionID), e.Subject
	} else {
		id = s.markID(subjectMark, e.Subject)
	}
	if e.Issued.IsZero() {
		m.Here = now.Unix()
	} else {
		sum := sha256.Sum256([]byte(e.Token))
		m.Issued, m.Token = e.Issued.Unix(), base64.RawURLEncoding.EncodeToString(sum[:])
	}
	written := false // perhaps: a driver's own second attempt may meet the first
	for range markAttempts {
		old, known, err := s.readMark(ctx, id)
		if err != nil {
			return err
		}
		known = known.join(s.marks.get(id))
		if m.Token != "" && known.Token == m.Token {
			// This process may not have known of it.
			s.markHere(id, known)
			if written {
				return nil
			}
			return ErrReplayed
		}
		next := known.join(m)
		if next == known && old != nil {
			s.markHere(id, next)
			return nil
		}
		_, err = s.store.Replace(ctx, kv.Ends, id, old, next.encode(), s.markExpiry(now))
		switch {
		case err == nil:
			s.markHere(id, next)
			return nil
		case !errors.Is(err, kv.ErrConflict):
			return fmt.Errorf("%w: %w", ErrStore, err)
		}
		written = true
	}
	return fmt.Errorf("%w: %w", ErrStore, kv.ErrConflict)
}

// markHere makes a mark hold in this process.
func (s *Sessions) markHere(id string, m mark) {
	s.marks.add(id, m)
	s.watchers.tell(s.remembered)
}

// readMark returns the mark under id, empty if there is none. One that cannot be read
// might have said anything until now: that is what it says from then on. The error is
// ErrStore.
func (s *Sessions) readMark(ctx context.Context, id string) (*kv.Found, mark, error) {
	found, err := s.store.Look(ctx, kv.Ends, id)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return nil, mark{}, nil
	case err == nil:
		if m, ok := decodeMark(found.Value); ok {
			return found, m, nil
		}
	case !errors.Is(err, kv.ErrCorrupt):
		return nil, mark{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	now := s.now()
	s.log.WarnContext(ctx, "logout record cannot be read: it counts as one of now", "record", id)
	m := mark{Here: now.Unix()}
	if err := s.store.Put(ctx, kv.Ends, id, m.encode(), s.markExpiry(now)); err != nil {
		return nil, mark{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	s.marks.add(id, m)
	if found, err = s.store.Look(ctx, kv.Ends, id); err != nil {
		return nil, mark{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return found, m, nil
}

// settle sets found.Ended if a mark says so. The marks are read at once. The error is
// ErrStore: whether the session is over is then unknown.
func (s *Sessions) settle(ctx context.Context, found *Session, now time.Time) error {
	if s.marks == nil || found.Ended {
		return nil
	}
	// Marks are kept for as long as sessions last by today's settings.
	if s.remembered(found) || now.Sub(time.Unix(found.Created, 0)) >= s.life {
		found.Ended = true
		return nil
	}
	ids := s.markIDs(&found.Record)
	type answer struct {
		mark mark
		err  error
	}
	answers := make(chan answer, len(ids))
	for _, id := range ids {
		go func() {
			var a answer
			defer func() {
				// A panic in a goroutine of its own would end the process.
				if e := recover(); e != nil {
					a.err = fmt.Errorf("%w: panicked: %v", ErrStore, e)
				}
				answers <- a
			}()
			_, a.mark, a.err = s.readMark(ctx, id)
		}()
	}
	var failed error
	for range ids {
		a := <-answers
		if a.err != nil {
			failed = a.err
		} else if a.mark.covers(&found.Record) {
			found.Ended = true
		}
	}
	if found.Ended {
		return nil
	}
	return failed
}

// remembered reports whether a mark that was made in this process covers found.
func (s *Sessions) remembered(found *Session) bool {
	if s.marks == nil || found.Ended || s.marks.none() {
		return false
	}
	for _, id := range s.markIDs(&found.Record) {
		if m := s.marks.get(id); m.covers(&found.Record) {
			return true
		}
	}
	return false
}

// endHere makes the end of a session that a mark covers its own, so that a refresh under
// way finds out, whichever process it is in, and returns what is left of it.
func (s *Sessions) endHere(ctx context.Context, found *Session, now time.Time) *Session {
	s.log.InfoContext(ctx, "session ended from elsewhere", "session", found.Ref)
	ended := &Session{Record: Record{Version: recordVersion, Ended: true}, Ref: found.Ref}
	if err := s.Revoke(ctx, found.Ref); err != nil {
		// The mark stands; it is read again.
		s.log.WarnContext(ctx, "session ended from elsewhere is not marked itself", "session", found.Ref, "error", err)
	}
	return s.cache.put(ended, now)
}
