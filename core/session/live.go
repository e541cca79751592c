package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// Limit is when a request that has found a session now stops counting as its use: the idle
// limit, or the absolute one if that comes first.
func (s *Sessions) Limit(found *Session) time.Time {
	idle := s.now().Add(s.idle)
	if end := found.Expiry(); end.Before(idle) {
		return end
	}
	return idle
}

// Lasts returns nil while found, which a request came with, has not ended: what a new
// request with the same cookies would be told. The error is ErrEnded, or ErrStore when
// nobody knows.
func (s *Sessions) Lasts(ctx context.Context, found *Session) error {
	now := s.now()
	if !now.Before(found.Expiry()) {
		return ErrEnded
	}
	current, err := s.load(ctx, found.Ref)
	if errors.Is(err, kv.ErrNotFound) {
		if now.Sub(time.Unix(found.Created, 0)) >= HandoverTime {
			return ErrEnded
		}
		// The store may not have heard of it.
		current = &Session{Record: found.Record, Ref: found.Ref}
		err = s.settle(ctx, current, now)
	}
	switch {
	case err != nil:
		return err
	case current.Ended:
		return ErrEnded
	}
	return nil
}

// OnEnd has f called, in a goroutine of its own, when this process ends found, or at once
// if it has. stop must be called in the end; f may be called no later than that.
func (s *Sessions) OnEnd(found *Session, f func()) (stop func()) {
	stop = s.watchers.add(found, f)
	if known := s.cache.get(found.Ref, s.now()); known != nil && known.Ended || s.remembered(found) {
		go f()
	}
	return stop
}

// watchers are those who want to know when a session ends, as many as there are streams.
// The zero value has none.
type watchers struct {
	mu   sync.Mutex
	last int
	all  map[int]watcher
}

type watcher struct {
	session *Session
	f       func()
}

func (w *watchers) add(found *Session, f func()) (remove func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	id := w.last
	if w.all == nil {
		w.all = map[int]watcher{}
	}
	w.all[id] = watcher{found, f}
	return func() {
		w.mu.Lock()
		delete(w.all, id)
		w.mu.Unlock()
	}
}

// tell calls those whose session is over.
func (w *watchers) tell(over func(*Session) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.all {
		if over(one.session) {
			go one.f()
		}
	}
}
