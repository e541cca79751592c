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
	"log/slog"
	"time"

	"gatehouse/core/broker/provider"
	"gatehouse/core/kv"
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

// DefaultLifetime of a grant.
const DefaultLifetime = 365 * 24 * time.Hour

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
type Grants struct{ o Options }

// New returns the grants kept in o.Store.
func New(o Options) *Grants { return &Grants{o} }

// About is what the broker knows of a grant besides the tokens.
type About struct {
	Provider string
	App      string
	Created  time.Time // set by Create
}

// Entry is a stored grant. It is read-only.
type Entry struct {
	About
	*provider.Grant
	// Ref is the record's key, a hash of the handle's id: it may be logged.
	Ref string
	// Generation counts refreshes.
	Generation int
	// Expires is when the grant ends in any case.
	Expires time.Time
}

// Create stores t and returns the handle that opens it. The error is ErrStore.
func (g *Grants) Create(ctx context.Context, a About, t *provider.Grant) (handle string, e *Entry, err error) {
	return "", nil, ErrStore
}

// Load returns the grant of a handle. The error is ErrHandle, ErrEnded or ErrStore.
func (g *Grants) Load(ctx context.Context, handle string) (*Entry, error) { return nil, ErrStore }

// Use calls use with e's token, which is refreshed first when it is about to expire.
// When use returns an error of kind Unauthorized, it is called once more with a
// refreshed token; when that fails too, or for kind Ended, the grant ends. The error is
// use's, ErrEnded, ErrStore, or an [*provider.Error] of the refresh.
func (g *Grants) Use(ctx context.Context, e *Entry, p *provider.Provider, use func(context.Context, *provider.Grant) error) error {
	return ErrStore
}

// End deletes the grant of a handle and returns what it was, for revocation at the
// provider. The error is ErrHandle, ErrEnded or ErrStore.
func (g *Grants) End(ctx context.Context, handle string) (*Entry, error) { return nil, ErrStore }

// Collections keep values that are taken at most once: with a store that can write
// conditionally exactly once, elsewhere once as far as reads see earlier writes. It is
// safe for concurrent use.
type Collections struct{}

// NewCollections returns those kept in store.
func NewCollections(store *kv.Store, now func() time.Time) *Collections { return &Collections{} }

// Put stores value under id, a secret of at least 128 bits whose hash is the key. What
// is there already is replaced unless it was taken: then the error is ErrTaken. Else it
// is ErrStore.
func (c *Collections) Put(ctx context.Context, id string, value []byte, expiry time.Time) error {
	return ErrStore
}

// Get returns the value and leaves it. The error is ErrNotFound, ErrTaken or ErrStore.
func (c *Collections) Get(ctx context.Context, id string) ([]byte, error) { return nil, ErrStore }

// Take returns the value to one caller. The error is ErrNotFound, ErrTaken or ErrStore;
// after ErrStore it may be taken nevertheless.
func (c *Collections) Take(ctx context.Context, id string) ([]byte, error) { return nil, ErrStore }

// Burn makes every later Take fail with ErrTaken, until the record would have been
// over; also for an id that is not there yet. The error is ErrStore.
func (c *Collections) Burn(ctx context.Context, id string, expiry time.Time) error { return ErrStore }
