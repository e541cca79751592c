package refresh

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse/core/kv"
)

// Attempts to store what was redeemed before the answer goes out without.
const (
	saveTries = 3
	saveWait  = 200 * time.Millisecond
)

// save stores next in place of leased. The error is ErrEnded when the record ended
// meanwhile; a store that fails is none: this process remembers.
func (k *Keeper) save(ctx context.Context, leased, next *Record, with Redeemer) (*Record, error) {
	kept := *next
	k.memory.keep(&kept, true)
	if !k.o.Store.Conditional() {
		return k.saveAnyway(ctx, next, with)
	}
	next.found = leased.found
	var err error
	for try := range saveTries {
		if try > 0 && !errors.Is(err, kv.ErrConflict) {
			_ = k.o.Wait(ctx, saveWait)
		}
		if err = k.write(ctx, next); err == nil {
			k.memory.keep(next, false)
			return next, nil
		}
		// Somebody else wrote, or this process did and was not told.
		there, e := k.read(ctx, next.ref)
		switch {
		case next.first != nil && errors.Is(e, ErrMissing):
			next.found = nil
		case errors.Is(e, ErrEnded):
			return nil, k.discard(ctx, next, with)
		case e != nil:
			err = e
		case there.Generation >= next.Generation:
			k.memory.keep(there, false)
			return there, nil
		default:
			next.found = there.found
		}
	}
	k.o.Log.WarnContext(ctx, "refreshed tokens not stored; this process keeps them", "record", next.ref, "error", err.Error())
	return next, nil
}

// saveAnyway stores next under its own key, then in the record's place unless that has
// ended.
func (k *Keeper) saveAnyway(ctx context.Context, next *Record, with Redeemer) (*Record, error) {
	value, err := next.encode()
	if err == nil {
		err = k.o.Store.Put(ctx, k.o.Use, k.generation(next.ref, next.Generation), value, k.o.Now().Add(generationFor))
	}
	there, e := k.read(ctx, next.ref)
	switch {
	case k.memory.get(next.ref).ended, errors.Is(e, ErrEnded) && !(next.first != nil && errors.Is(e, ErrMissing)):
		return nil, k.discard(ctx, next, with)
	case e == nil && there.Generation > next.Generation:
		k.memory.keep(there, false)
		return there, nil
	}
	if e := k.write(ctx, next); e != nil {
		err = e
	}
	if err != nil {
		k.o.Log.WarnContext(ctx, "refreshed tokens not stored; this process keeps them", "record", next.ref, "error", err.Error())
		return next, nil
	}
	k.memory.keep(next, false)
	return next, nil
}

// resave stores r, which an earlier attempt could not, and returns what to use.
func (k *Keeper) resave(ctx context.Context, r *Record) *Record {
	again := *r
	again.state = state{failed: r.state.failed}
	if err := k.write(ctx, &again); err != nil {
		return r // at the next opportunity
	}
	k.memory.keep(&again, false)
	return &again
}

// discard hands over tokens of a record that ended.
func (k *Keeper) discard(ctx context.Context, r *Record, with Redeemer) error {
	k.memory.end(r.ref)
	bounded, cancel := context.WithTimeout(ctx, k.o.Timeout)
	defer cancel()
	with.Discard(bounded, r.Tokens)
	return fmt.Errorf("%w while it was refreshed", ErrEnded)
}
