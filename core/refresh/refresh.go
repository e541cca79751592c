// Package refresh keeps access tokens fresh: records of tokens in a store, whose
// refresh token is redeemed (RFC 6749, section 6) once for each generation however many
// requests want a token at the same time.
//
// Providers that rotate refresh tokens take a second use of one for a theft and end the
// grant (RFC 9700, section 4.14.2). So, of one record:
//
//   - Within a process callers share one attempt.
//   - Across processes, with a store that can write conditionally, whoever redeems
//     holds a lease that is part of the record. Others use the access token while it
//     lives and then wait for the outcome.
//   - Without conditional writes there is no lease. What was redeemed is first written
//     under a key of its own, one for each generation, and whoever is about to redeem
//     looks there first: a store that still returns an old record has nothing old to
//     return under a key that nobody asked for before. Redeemed twice is then only what
//     two processes redeem within the time that a new key takes to be seen.
//   - A process never goes back to an older generation than it has seen, whatever the
//     store returns, among the last thousands of records.
//
// The lease lasts [Options.Timeout] and 15 seconds. A process that dies holding it may
// have redeemed: then the access token is used for as long as it lives, and only
// afterwards the refresh token is tried again, which keeps whom the provider keeps.
// When the outcome cannot be stored the process that has it goes on with it, and stores
// it when the store is back. A request that goes away does not interrupt an attempt.
//
// A refusal for good ([ErrRefused]) ends the record, unless another process has stored
// a newer generation meanwhile. Any other failure does not: the access token is used
// while it lives, and the provider is asked again after a pause.
//
// A record that was ended stays ended: tokens that arrive later are handed to
// [Redeemer.Discard]. Without conditional writes this holds as far as reads see earlier
// writes.
package refresh

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gatehouse/core/flight"
	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrEnded: there is no such record, or it ended, or its tokens are used up.
	ErrEnded = errors.New("refresh: ended")
	// ErrMissing is an ErrEnded: the store has nothing, not even a mark. A record that
	// was begun moments ago may be on its way in an eventually consistent store.
	ErrMissing = fmt.Errorf("%w: missing", ErrEnded)
	// ErrStore: the store could not be asked.
	ErrStore = errors.New("refresh: store unavailable")
	// ErrBusy: another process redeems and did not end in time, or too many attempts
	// are under way.
	ErrBusy = errors.New("refresh: another attempt is under way")
	// ErrPaused: the provider failed moments ago and is not asked yet.
	ErrPaused = errors.New("refresh: the last attempt failed")
	// ErrRefused is what a [Redeemer] returns, wrapped, when the refresh token is of no
	// use any more.
	ErrRefused = errors.New("refresh: refused")
)

// Tokens is what is kept and refreshed.
type Tokens struct {
	Access secret.Text
	// Refresh is empty when there is none.
	Refresh secret.Text
	// Expiry of Access; zero means that it does not expire by itself.
	Expiry time.Time
	// Owner is whatever the owner of the record keeps beside the tokens, as JSON.
	Owner json.RawMessage
}

// Record is tokens as they are stored. It is read-only.
type Record struct {
	Tokens
	// Generation counts how often they were refreshed.
	Generation int
	// Obtained is when Access was, End when the record ends in any case.
	Obtained, End time.Time

	ref   string
	found *kv.Found // nil: not from the store
	state state
	// first is what [Keeper.Adopt] made the record from, else nil.
	first *Record
}

// Redeemer is the provider's side.
type Redeemer interface {
	// Redeem exchanges t.Refresh. What the provider does not repeat is carried over
	// from t. An error that is ErrRefused says that it never will be. ctx has the
	// deadline of [Options.Timeout].
	Redeem(ctx context.Context, t Tokens) (Tokens, error)
	// Discard is called with tokens that nobody can get at any more.
	Discard(ctx context.Context, t Tokens)
}

// Options configure [New]. Store and Use are required.
type Options struct {
	Store *kv.Store
	Use   kv.Use
	// Margin is how long before its expiry an access token is refreshed, 0 means a
	// minute; a quarter of the token's lifetime if that is less.
	Margin time.Duration
	// Timeout bounds one redemption; 0 means 10 s.
	Timeout time.Duration
	Now     func() time.Time
	Log     *slog.Logger
	// Wait waits; nil means by the system's timer.
	Wait func(ctx context.Context, d time.Duration) error
}

const (
	standardMargin  = time.Minute
	standardTimeout = 10 * time.Second
	// leaseSlack is for the store's operations around a redemption, and for clocks
	// that differ.
	leaseSlack = 15 * time.Second
	// pause is the time between attempts after a failure while the access token lives,
	// shortPause afterwards.
	pause      = 30 * time.Second
	shortPause = 2 * time.Second
	// clockDrift is how far clocks of processes may differ.
	clockDrift = time.Minute
	// endedFor is how long the store remembers that a record ended.
	endedFor = 10 * time.Minute
	// generationFor is how long a generation stays under a key of its own: for stores
	// that are behind, and for a process that died before it replaced the record.
	generationFor = 24 * time.Hour
	// visibleAfter is how long a store without conditional writes may take to show a new
	// record.
	visibleAfter = 2 * time.Minute
	// maxAttempts bounds the attempts under way in one process.
	maxAttempts = 1000
)

// Keeper keeps records. It is safe for concurrent use.
type Keeper struct {
	o       Options
	memory  *memory
	flights flight.Group[*Record]
}

// New returns the keeper of the records of o.Use.
func New(o Options) *Keeper {
	o.Margin, o.Timeout = cmp.Or(o.Margin, standardMargin), cmp.Or(o.Timeout, standardTimeout)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wait == nil {
		o.Wait = sleep
	}
	return &Keeper{o: o, memory: newMemory(), flights: flight.Group[*Record]{Max: maxAttempts}}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// alive reports whether the access token has not expired.
func (r *Record) alive(now time.Time) bool { return r.Expiry.IsZero() || now.Before(r.Expiry) }

// fresh reports whether the access token need not be refreshed yet.
func (k *Keeper) fresh(r *Record, now time.Time) bool {
	if r.Expiry.IsZero() {
		return true
	}
	margin := min(k.o.Margin, r.Expiry.Sub(r.Obtained)/4)
	return now.Before(r.Expiry.Add(-max(margin, 0)))
}
