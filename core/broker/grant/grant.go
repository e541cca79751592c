// Package grant keeps what the broker was granted: sealed records of tokens under
// handles that clients hold, and collections that are taken once.
//
// It guarantees that a handle which this deployment did not seal costs no store
// operation, that what the store reveals opens nothing, and that a grant's refresh
// token is redeemed as package refresh says.
package grant

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gatehouse/core/broker/provider"
	"gatehouse/core/kv"
	"gatehouse/core/refresh"
	"gatehouse/core/seal"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrHandle: the handle was not sealed by this deployment. The store was not asked.
	ErrHandle = errors.New("grant: not a handle")
	// ErrEnded: there is no such grant any more.
	ErrEnded = errors.New("grant: ended")
	// ErrTaken: the collection was taken or burnt.
	ErrTaken = errors.New("grant: already taken")
	// ErrNotFound: there is no such collection, or it is over.
	ErrNotFound = errors.New("grant: not found")
	// ErrStore: the store could not be asked.
	ErrStore = errors.New("grant: store unavailable")
)

// Uses of the store.
const (
	grants      kv.Use = "r:v1:g:"
	collections kv.Use = "r:v1:c:"
)

const (
	// DefaultLifetime of a grant.
	DefaultLifetime = 365 * 24 * time.Hour
	// renewAfter is how old a token must be for a refusal to be its fault: whoever
	// calls what always refuses would otherwise refresh with every call.
	renewAfter = 10 * time.Second
	// busyFor is when to come back while another process refreshes.
	busyFor = 2 * time.Second
)

// Options configure [New]. Lifetime, Timeout and Log may be zero.
type Options struct {
	Store    *kv.Store
	Keys     *seal.Keyring
	Lifetime time.Duration
	// Timeout bounds one refresh at a provider; 0 means 10 s. It must not be shorter
	// than the provider's own.
	Timeout time.Duration
	Now     func() time.Time
	Log     *slog.Logger
}

// Grants keeps grants. It is safe for concurrent use.
type Grants struct {
	keys   *seal.Keyring
	life   time.Duration
	now    func() time.Time
	log    *slog.Logger
	keeper *refresh.Keeper
}

// New returns the grants kept in o.Store.
func New(o Options) *Grants {
	if o.Lifetime == 0 {
		o.Lifetime = DefaultLifetime
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Grants{keys: o.Keys, life: o.Lifetime, now: o.Now, log: o.Log, keeper: refresh.New(refresh.Options{
		Store: o.Store, Use: grants, Timeout: o.Timeout, Now: o.Now, Log: o.Log,
	})}
}

// Create stores t and returns the handle that opens it. The error is ErrStore.
func (g *Grants) Create(ctx context.Context, a About, t *provider.Grant) (text string, e *Entry, err error) {
	a.Created = g.now()
	id := newID()
	r, err := g.keeper.Begin(ctx, id.ref(), tokensOf(a, t), a.Created.Add(g.life))
	if err != nil {
		return "", nil, mapped(err)
	}
	return g.sealHandle(handle{id, a.Created}), &Entry{About: a, Grant: t, Ref: id.ref(), Expires: r.End, record: r}, nil
}

// Load returns the grant of a handle. The error is ErrHandle, ErrEnded or ErrStore,
// also for a record that may not be visible yet.
func (g *Grants) Load(ctx context.Context, text string) (*Entry, error) {
	h, ok := g.openHandle(text)
	if !ok {
		return nil, ErrHandle
	}
	r, err := g.keeper.Load(ctx, h.ref())
	if err != nil {
		return nil, h.mapped(err, g.now())
	}
	return entryOf(h.ref(), r)
}

// Use calls use with e's token, which is refreshed first when it is about to expire.
// When use returns an error of kind Unauthorized, it is called once more with a
// refreshed token, if there can be one. For kind Ended the grant ends. The error is
// use's, ErrEnded, ErrStore, or a [*provider.Error] of the refresh.
func (g *Grants) Use(ctx context.Context, e *Entry, p *provider.Provider, use func(context.Context, *provider.Grant) error) error {
	with := redeemer{p: p, log: g.log}
	r, err := g.keeper.Fresh(ctx, e.record, with)
	if err != nil {
		return mapped(err)
	}
	if e, err = entryOf(e.Ref, r); err != nil {
		return err
	}
	refused := use(ctx, e.Grant)
	if provider.KindOf(refused) == provider.Unauthorized && !r.Refresh.Empty() && g.now().Sub(r.Obtained) >= renewAfter {
		if r, err = g.keeper.Renew(ctx, r, with); err != nil {
			return mapped(err)
		}
		if e, err = entryOf(e.Ref, r); err != nil {
			return err
		}
		refused = use(ctx, e.Grant)
	}
	if provider.KindOf(refused) == provider.Ended {
		if _, err := g.keeper.End(ctx, e.Ref); err != nil && !errors.Is(err, refresh.ErrEnded) {
			g.log.WarnContext(ctx, "grant not ended in the store", "grant", e.Ref, "error", err.Error())
		}
		return fmt.Errorf("%w: %w", ErrEnded, refused)
	}
	return refused
}

// End deletes the grant of a handle and returns what it was, for revocation at the
// provider. The error is ErrHandle, ErrEnded or ErrStore.
func (g *Grants) End(ctx context.Context, text string) (*Entry, error) {
	h, ok := g.openHandle(text)
	if !ok {
		return nil, ErrHandle
	}
	r, err := g.keeper.End(ctx, h.ref())
	if err != nil {
		return nil, h.mapped(err, g.now())
	}
	return entryOf(h.ref(), r)
}

// mapped is the function of that name, for an error about h's record.
func (h handle) mapped(err error, now time.Time) error {
	if errors.Is(err, refresh.ErrMissing) && h.isNew(now) {
		return fmt.Errorf("%w: the record is not visible yet", ErrStore)
	}
	return mapped(err)
}

// mapped makes an error of this package, or of a provider, of what package refresh
// returns.
func mapped(err error) error {
	switch {
	case errors.Is(err, refresh.ErrEnded):
		return fmt.Errorf("%w: %w", ErrEnded, err)
	case errors.Is(err, refresh.ErrStore):
		return fmt.Errorf("%w: %w", ErrStore, err)
	case errors.Is(err, refresh.ErrBusy), errors.Is(err, refresh.ErrPaused):
		return &provider.Error{Kind: provider.Unavailable, RetryAfter: busyFor, Err: err}
	}
	return err
}
