package refresh

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/core/flight"
	"gatehouse/core/kv"
)

// Begin stores t under ref, a key that is not guessed and that nothing was stored under
// before, until end. The error is ErrStore.
func (k *Keeper) Begin(ctx context.Context, ref string, t Tokens, end time.Time) (*Record, error) {
	r := &Record{Tokens: t, Obtained: k.o.Now(), End: end, ref: ref}
	value, err := r.encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if r.found, err = k.o.Store.Replace(ctx, k.o.Use, ref, nil, value, end); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	k.memory.keep(r, false)
	return r, nil
}

// Load returns the newest generation of a record that the store or this process knows.
// The error is ErrEnded, which ErrMissing is, or ErrStore.
func (k *Keeper) Load(ctx context.Context, ref string) (*Record, error) {
	return k.load(ctx, ref, nil)
}

// Adopt returns a record whose first generation the caller keeps itself, and costs no
// store operation: later generations are stored under ref. While the store has nothing
// there the record has not ended, so the caller has to remember that what it keeps did.
// obtained is when t was.
func (k *Keeper) Adopt(ref string, t Tokens, obtained, end time.Time) *Record {
	r := &Record{Tokens: t, Obtained: obtained, End: end, ref: ref}
	r.first = r
	return r
}

// Latest returns the newest generation of r that the store or this process knows. The
// error is as of [Keeper.Load].
func (k *Keeper) Latest(ctx context.Context, r *Record) (*Record, error) { return k.newest(ctx, r) }

// load is Load of a record that was adopted as first, unless that is nil.
func (k *Keeper) load(ctx context.Context, ref string, first *Record) (*Record, error) {
	known := k.memory.get(ref)
	if known.ended {
		return nil, ErrEnded
	}
	r, err := k.read(ctx, ref)
	switch {
	case errors.Is(err, ErrStore) && known.unsaved && k.o.Now().Before(known.record.End):
		return known.record, nil
	case errors.Is(err, ErrMissing) && first != nil:
		copied := *first
		r = &copied
	case errors.Is(err, ErrMissing) && known.record != nil && !k.o.Store.Conditional() && k.o.Now().Sub(known.record.Obtained) < visibleAfter:
		return known.record, nil
	case errors.Is(err, ErrEnded) && !errors.Is(err, ErrMissing):
		k.memory.end(ref)
		return nil, err
	case err != nil:
		return nil, err
	}
	r.first = first
	r, unsaved, ended := k.memory.meet(r)
	switch {
	case ended:
		return nil, ErrEnded
	case unsaved:
		return k.resave(ctx, r), nil
	}
	return r, nil
}

// read asks the store for what is under key. The error is ErrEnded or ErrStore.
func (k *Keeper) read(ctx context.Context, key string) (*Record, error) {
	found, err := k.o.Store.Look(ctx, k.o.Use, key)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return nil, ErrMissing
	case err != nil && !errors.Is(err, kv.ErrCorrupt):
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	var r *Record
	if err == nil {
		r, err = decode(key, found)
	}
	if err != nil && !errors.Is(err, ErrEnded) {
		k.o.Log.WarnContext(ctx, "record of tokens cannot be read", "record", key, "error", err.Error())
		err = ErrEnded
	}
	return r, err
}

// End ends a record and returns what it was, so that its tokens can be revoked. The
// error is ErrEnded when there was none, or ErrStore: then it may not have ended
// elsewhere.
func (k *Keeper) End(ctx context.Context, ref string) (*Record, error) {
	r, err := k.Load(ctx, ref)
	if errors.Is(err, ErrEnded) {
		return nil, err
	}
	if e := k.Close(ctx, ref); e != nil {
		return nil, e
	}
	return r, err
}

// Close ends the record under ref, whatever is there. The error is ErrStore: then it may
// not have ended elsewhere.
func (k *Keeper) Close(ctx context.Context, ref string) error {
	k.memory.end(ref)
	if err := k.o.Store.Put(ctx, k.o.Use, ref, mark, k.o.Now().Add(endedFor)); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

// Fresh returns r with an access token that is not about to expire, refreshed if need
// be. While the provider fails it is r as long as the access token lives. The error is
// ErrEnded, ErrStore, ErrBusy, ErrPaused, ctx's, or what the
// redeemer returned.
func (k *Keeper) Fresh(ctx context.Context, r *Record, with Redeemer) (*Record, error) {
	if k.fresh(r, k.o.Now()) {
		return r, nil
	}
	newer, err := k.attempt(ctx, r, with, func(r *Record, now time.Time) fitness {
		switch {
		case k.fresh(r, now):
			return fit
		case r.alive(now):
			return usable
		}
		return unfit
	})
	if err != nil && !errors.Is(err, ErrEnded) && r.alive(k.o.Now()) {
		return r, nil
	}
	return newer, err
}

// Renew returns a later generation than r, whose access token was refused. The error is
// as of [Keeper.Fresh].
func (k *Keeper) Renew(ctx context.Context, r *Record, with Redeemer) (*Record, error) {
	return k.attempt(ctx, r, with, func(n *Record, now time.Time) fitness {
		if n.Generation > r.Generation && n.alive(now) {
			return fit
		}
		return unfit
	})
}

// fitness of a record for whoever asks.
type fitness int

const (
	unfit  fitness = iota
	usable         // unless something better can be had
	fit
)

// attempt joins or leads an attempt to get a fit record.
func (k *Keeper) attempt(ctx context.Context, known *Record, with Redeemer, judge func(*Record, time.Time) fitness) (*Record, error) {
	for tries := 1; ; tries++ {
		r, err := k.flights.Do(ctx, known.ref, func(ctx context.Context) (*Record, error) { return k.lead(ctx, known, with, judge) })
		switch {
		case errors.Is(err, flight.ErrFull):
			return nil, ErrBusy
		case err != nil:
			return nil, err
		case judge(r, k.o.Now()) != unfit:
			return r, nil
		case tries == 3:
			// Another caller's attempt had other demands, three times.
			return nil, ErrBusy
		}
	}
}
