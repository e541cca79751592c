// Package session keeps logins: a sealed id in a cookie, a sealed record in the
// store.
//
// It guarantees: a cookie that this deployment did not seal costs no store
// operation; a session has a new id at every login; idle and absolute limits are
// enforced by the clock, whatever the store does; what the store reveals opens no
// session. A session that was ended is refused at once by the process that ended
// it, within [CacheAge] by others, plus the staleness of the store.
package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/kv"
	"gatehouse/core/refresh"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
)

// Kind says how long the browser keeps the session cookie.
type Kind string

// Kinds of session.
const (
	// Browser: until the browser closes. The idle limit applies.
	Browser Kind = "browser"
	// Idle: for the idle limit after the last use.
	Idle Kind = "idle"
	// Fixed: until the absolute limit, used or not.
	Fixed Kind = "fixed"
)

const (
	// CacheAge is how long a process believes its own copy of a record.
	CacheAge = 5 * time.Second
	// cacheSize bounds the copies.
	cacheSize = 10_000
	// endedFor is how long the store remembers that a session was ended. It
	// outlives the hand-over cookie.
	endedFor = 10 * time.Minute
)

// ErrStore says that the store could not be asked: whether there is a session is
// unknown.
var ErrStore = errors.New("session: store unavailable")

// ErrTooLarge says that a session's record exceeds what a store must hold.
var ErrTooLarge = errors.New("session: record too large")

// Options configure [New]. All are required, except as marked.
type Options struct {
	// Realm is whose logins these are; a session of another realm is no session
	// here, even if store, keys and names are shared. Empty is a realm too.
	Realm string
	Store *kv.Store
	Keys  *seal.Keyring
	Names cookie.Names
	Kind  Kind
	// Idle and Lifetime are the limits on disuse and on age.
	Idle, Lifetime time.Duration
	Now            func() time.Time
	Log            *slog.Logger
	// Refresh says that tokens are refreshed; RefreshTimeout bounds one refresh, 0 means
	// 10 s.
	Refresh        bool
	RefreshTimeout time.Duration
	// Discard is called with tokens that came for a session which ended meanwhile: nobody
	// has them. nil drops them.
	Discard func(ref string, refresh, access secret.Text)
	// Marks says that sessions can be ended from elsewhere, by [Sessions.EndAll]; each
	// load of a session then reads up to two records more.
	Marks bool
	// Announce says that each login leaves a record of the provider's session, for
	// [Sessions.EndAnnounced].
	Announce bool
}

// Sessions authenticates, begins and ends sessions. It is safe for concurrent use.
type Sessions struct {
	store *kv.Store
	keys  *seal.Keyring
	names cookie.Names
	// context is what tickets are bound to.
	context string
	kind    Kind
	idle    time.Duration
	life    time.Duration
	// now is the wall clock, which records and cookies go by.
	now   func() time.Time
	log   *slog.Logger
	cache *cache
	// watchers wait for sessions to be ended here.
	watchers watchers
	keeper   *refresh.Keeper // nil: tokens are not refreshed
	discard  func(ref string, refresh, access secret.Text)
	// realm is a hash of what the marks are about.
	realm     [sha256.Size]byte
	marks     *marks // nil: there are none
	announces bool
}

// New returns the sessions kept in o.Store.
func New(o Options) *Sessions {
	s := &Sessions{store: o.Store, keys: o.Keys, names: o.Names, context: o.Names.Session + " " + o.Realm, kind: o.Kind,
		idle: o.Idle, life: o.Lifetime, now: func() time.Time { return o.Now().Round(0) }, log: o.Log, cache: newCache(cacheSize, CacheAge), discard: o.Discard}
	if s.kind == Fixed {
		s.idle = s.life
	}
	if o.Marks {
		s.realm, s.marks = sha256.Sum256([]byte(o.Realm)), newMarks(cacheSize)
		s.announces = o.Announce
	}
	if o.Refresh {
		s.keeper = refresh.New(refresh.Options{Store: o.Store, Use: kv.Tokens, Timeout: o.RefreshTimeout, Now: o.Now, Log: o.Log})
	}
	return s
}

// load returns the record under ref from memory or the store: ErrStore,
// kv.ErrNotFound, or a session that may be marked as ended. A record that cannot be
// read counts as ended; it is logged once, because memory keeps the mark.
func (s *Sessions) load(ctx context.Context, ref string) (*Session, error) {
	began := s.now()
	if found := s.cache.get(ref, began); found != nil {
		// A mark may have been made here since.
		if s.remembered(found) {
			found = s.endHere(ctx, found, began)
		}
		return found, nil
	}
	raw, err := s.store.Get(ctx, kv.Sessions, ref)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return nil, kv.ErrNotFound
	case err != nil && !errors.Is(err, kv.ErrCorrupt):
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	var r *Record
	if err == nil {
		r, err = decodeRecord(raw)
	}
	if err != nil {
		s.log.WarnContext(ctx, "session record cannot be read", "session", ref, "error", err)
		r = &Record{Version: recordVersion, Ended: true}
	}
	found := &Session{Record: *r, Ref: ref}
	if err := s.settle(ctx, found, began); err != nil {
		return nil, err
	}
	if found.Ended && !r.Ended {
		return s.endHere(ctx, found, began), nil
	}
	return s.cache.put(found, began), nil
}
