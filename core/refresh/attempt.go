package refresh

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gatehouse/core/kv"
)

// Waiting for another process: how often its record is looked at.
const (
	firstLook = 100 * time.Millisecond
	laterLook = time.Second
)

// lead gets a record that judge finds fit, or usable when there is no better one.
func (k *Keeper) lead(ctx context.Context, known *Record, with Redeemer, judge func(*Record, time.Time) fitness) (*Record, error) {
	for look, waited := firstLook, time.Duration(0); ; look = min(2*look, laterLook) {
		r, err := k.newest(ctx, known)
		if err != nil {
			return nil, err
		}
		now := k.o.Now()
		how := judge(r, now)
		switch {
		case how == fit:
			return r, nil
		case r.Refresh.Empty() && how == usable:
			return r, nil
		case r.Refresh.Empty():
			return nil, ErrEnded
		case how == usable && (r.state.holder != "" || r.failedWithin(pause, now)):
			// Also when the lease is over: whoever held it may have redeemed.
			return r, nil
		case r.failedWithin(shortPause, now):
			return nil, ErrPaused
		case !r.leased(now, k.leaseTime()):
			newer, err := k.redeem(ctx, r, with)
			switch {
			case err == nil:
				return newer, nil
			case errors.Is(err, kv.ErrConflict):
				// Another process was faster, or has ended the record.
			case how == usable && !errors.Is(err, ErrEnded):
				k.o.Log.WarnContext(ctx, "access token not refreshed; it serves on", "record", known.ref, "error", err.Error())
				return r, nil
			default:
				return nil, err
			}
		}
		if waited >= k.leaseTime() {
			return nil, ErrBusy
		}
		if err := k.o.Wait(ctx, look); err != nil {
			return nil, err
		}
		waited += look
	}
}

// leased reports whether somebody holds the lease; one that is longer than leases are
// is none.
func (r *Record) leased(now time.Time, lease time.Duration) bool {
	left := r.state.until.Sub(now)
	return r.state.holder != "" && left > 0 && left < lease+clockDrift
}

// failedWithin reports whether the last attempt failed less than d ago.
func (r *Record) failedWithin(d time.Duration, now time.Time) bool {
	since := now.Sub(r.state.failed)
	return !r.state.failed.IsZero() && since < d && since > -clockDrift
}

// newest is load and, where there is no lease, a look at later generations.
func (k *Keeper) newest(ctx context.Context, known *Record) (*Record, error) {
	ref := known.ref
	r, err := k.load(ctx, ref, known.first)
	if err != nil || k.o.Store.Conditional() {
		return r, err
	}
	for range 16 {
		later, err := k.read(ctx, k.generation(ref, r.Generation+1))
		if err != nil {
			break // not there, or not to be had: r is what there is
		}
		later.ref, later.found, later.first = ref, r.found, r.first
		k.memory.keep(later, false)
		r = later
	}
	return r, nil
}

// generation is the key of one generation.
func (k *Keeper) generation(ref string, n int) string { return ref + "." + strconv.Itoa(n) }

func (k *Keeper) leaseTime() time.Duration { return k.o.Timeout + leaseSlack }

// redeem refreshes r: lease, redemption, outcome. The error is kv.ErrConflict when
// another process was faster, ErrEnded, ErrStore or the redeemer's.
func (k *Keeper) redeem(ctx context.Context, r *Record, with Redeemer) (*Record, error) {
	// From here on nobody's going away may interrupt.
	ctx = context.WithoutCancel(ctx)
	leased, err := k.lease(ctx, r)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, k.o.Timeout)
	tokens, err := with.Redeem(bounded, r.Tokens)
	cancel()
	switch {
	case err == nil:
		now := k.o.Now()
		return k.save(ctx, leased, &Record{Tokens: tokens, Generation: r.Generation + 1, Obtained: now, End: r.End, ref: r.ref, first: r.first}, with)
	case errors.Is(err, ErrRefused):
		return k.refused(ctx, leased)
	}
	k.release(ctx, leased)
	return nil, err
}

// lease takes the lease of r, where the store can say who has it.
func (k *Keeper) lease(ctx context.Context, r *Record) (*Record, error) {
	leased := *r
	if !k.o.Store.Conditional() {
		return &leased, nil
	}
	leased.state = state{holder: rand.Text(), until: k.o.Now().Add(k.leaseTime())}
	err := k.write(ctx, &leased)
	if errors.Is(err, ErrStore) {
		// It may have been written all the same.
		if there, e := k.read(ctx, r.ref); e == nil && there.state.holder == leased.state.holder {
			leased.found, err = there.found, nil
		}
	}
	return &leased, err
}

// write replaces what r was read as. The error is kv.ErrConflict or ErrStore.
func (k *Keeper) write(ctx context.Context, r *Record) error {
	value, err := r.encode()
	if err == nil {
		var found *kv.Found
		if found, err = k.o.Store.Replace(ctx, k.o.Use, r.ref, r.found, value, r.End); err == nil {
			r.found = found
			return nil
		}
	}
	if errors.Is(err, kv.ErrConflict) {
		return kv.ErrConflict
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

// release gives the lease back after a failure and notes when to try again.
func (k *Keeper) release(ctx context.Context, leased *Record) {
	free := *leased
	free.state = state{failed: k.o.Now()}
	k.memory.failed(&free)
	if !k.o.Store.Conditional() {
		return
	}
	if err := k.write(ctx, &free); err != nil {
		k.o.Log.WarnContext(ctx, "lease not given back", "record", leased.ref, "error", err.Error())
	}
}

// refused decides what a refusal means: a newer generation that another process stored,
// or the end.
func (k *Keeper) refused(ctx context.Context, leased *Record) (*Record, error) {
	if !k.o.Store.Conditional() {
		// What another process redeemed may be about to appear.
		_ = k.o.Wait(ctx, laterLook)
	}
	r, err := k.newest(ctx, leased)
	switch {
	case errors.Is(err, ErrStore):
		return nil, err
	case err == nil && r.Generation > leased.Generation:
		return r, nil
	case err == nil:
		if err := k.Close(ctx, leased.ref); err != nil {
			k.o.Log.WarnContext(ctx, "record not ended in the store", "record", leased.ref, "error", err.Error())
		}
	}
	return nil, ErrEnded
}
