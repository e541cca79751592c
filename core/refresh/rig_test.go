package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/refresh"
	"gatehouse/core/seal"
	"gatehouse/core/secret"
)

const use kv.Use = "x:v1:"

// clock goes on when somebody waits.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.pass(d)
	return ctx.Err()
}

// issuer is a provider that rotates refresh tokens. Unless it is lenient it takes the
// second use of one for a theft and ends the grant.
type issuer struct {
	now     func() time.Time
	life    time.Duration
	lenient bool
	// before is called when a request arrives, after when it was carried out; an error
	// is what the client gets instead of an answer.
	before, after func() error

	mu        sync.Mutex
	current   int
	redeemed  []string
	revoked   bool
	discarded []string
}

func (i *issuer) first() refresh.Tokens {
	return refresh.Tokens{Access: secret.New("access-0"), Refresh: secret.New("refresh-0"), Expiry: i.now().Add(i.life), Owner: []byte(`{"who":"alice"}`)}
}

func (i *issuer) Redeem(ctx context.Context, t refresh.Tokens) (refresh.Tokens, error) {
	if i.before != nil {
		if err := i.before(); err != nil {
			return refresh.Tokens{}, err
		}
	}
	tokens, err := i.exchange(t.Refresh.Reveal())
	if err == nil && i.after != nil {
		err = i.after()
	}
	if err != nil {
		return refresh.Tokens{}, err
	}
	tokens.Owner = t.Owner
	return tokens, ctx.Err()
}

func (i *issuer) exchange(token string) (refresh.Tokens, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.redeemed = append(i.redeemed, token)
	if token != "refresh-"+strconv.Itoa(i.current) && !i.lenient {
		i.revoked = true
	}
	if i.revoked {
		return refresh.Tokens{}, fmt.Errorf("invalid_grant: %w", refresh.ErrRefused)
	}
	i.current++
	n := strconv.Itoa(i.current)
	return refresh.Tokens{Access: secret.New("access-" + n), Refresh: secret.New("refresh-" + n), Expiry: i.now().Add(i.life)}, nil
}

func (i *issuer) Discard(_ context.Context, t refresh.Tokens) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.discarded = append(i.discarded, t.Refresh.Reveal())
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.redeemed)
}

// plain is a store without conditional writes.
type plain struct{ kv.Driver }

// faulty is a store with conditional writes that fails on demand.
type faulty struct {
	*kv.Memory
	mu sync.Mutex
	// write is asked before each write; done says that it takes effect all the same.
	write func(n int) (done bool, err error)
	// read is asked before each read.
	read   func() error
	writes int
}

func (f *faulty) fails() (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if f.write == nil {
		return true, nil
	}
	return f.write(f.writes)
}

func (f *faulty) Get(ctx context.Context, key string) ([]byte, error) {
	if f.read != nil {
		if err := f.read(); err != nil {
			return nil, err
		}
	}
	return f.Memory.Get(ctx, key)
}

func (f *faulty) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	done, err := f.fails()
	if done {
		if e := f.Memory.Swap(ctx, key, old, value, expiry); e != nil {
			return e
		}
	}
	return err
}

func (f *faulty) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	done, err := f.fails()
	if done {
		if e := f.Memory.Put(ctx, key, value, expiry); e != nil {
			return e
		}
	}
	return err
}

// stale is a store that returns, for the keys listed, what it had when they were
// listed; a key that had nothing is not found when all is set.
type stale struct {
	*kv.Memory
	old map[string][]byte
	all bool
}

func (s *stale) Get(ctx context.Context, key string) ([]byte, error) {
	if old, ok := s.old[key]; ok {
		return slices.Clone(old), nil
	}
	if s.all && s.old != nil {
		return nil, kv.ErrNotFound
	}
	return s.Memory.Get(ctx, key)
}

// rig is a record, processes that share its store, and its issuer.
type rig struct {
	t      *testing.T
	clock  *clock
	driver kv.Driver
	issuer *issuer
	keys   *seal.Keyring
	one    *refresh.Keeper
}

const ref = "the-record"

// newRig begins a record whose access token lives an hour.
func newRig(t *testing.T, driver kv.Driver) *rig {
	t.Helper()
	keys, err := seal.NewKeyring([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	r := &rig{t: t, clock: c, driver: driver, keys: keys, issuer: &issuer{now: c.Now, life: time.Hour}}
	r.one = r.process()
	if _, err := r.one.Begin(t.Context(), ref, r.issuer.first(), c.now.Add(100*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) process() *refresh.Keeper {
	return refresh.New(refresh.Options{Store: kv.NewStore(r.driver, r.keys, r.clock.Now), Use: use, Now: r.clock.Now, Wait: r.clock.wait})
}

// get is what a request does.
func (r *rig) get(k *refresh.Keeper) (*refresh.Record, error) {
	found, err := k.Load(r.t.Context(), ref)
	if err != nil {
		return nil, err
	}
	return k.Fresh(r.t.Context(), found, r.issuer)
}

// has fails the test unless a request gets an access token.
func (r *rig) has(k *refresh.Keeper, want string) *refresh.Record {
	r.t.Helper()
	found, err := r.get(k)
	if err != nil || found.Access.Reveal() != want || string(found.Owner) != `{"who":"alice"}` {
		r.t.Fatalf("got %+v, %v, want %s", found, err, want)
	}
	return found
}

func (r *rig) fails(k *refresh.Keeper, want error) {
	r.t.Helper()
	if found, err := r.get(k); !errors.Is(err, want) {
		r.t.Fatalf("got %+v, %v, want %v", found, err, want)
	}
}

func (r *rig) redeemed(n int) {
	r.t.Helper()
	if got := r.issuer.count(); got != n {
		r.t.Fatalf("%d redemptions, want %d: %v", got, n, r.issuer.redeemed)
	}
}

// stores are those that every behaviour holds for that one process shows.
func stores(t *testing.T, test func(t *testing.T, driver kv.Driver)) {
	t.Run("conditional writes", func(t *testing.T) { test(t, &kv.Memory{Now: epoch}) })
	t.Run("plain writes", func(t *testing.T) { test(t, plain{&kv.Memory{Now: epoch}}) })
}

// epoch keeps a driver from forgetting: expiry is the store's business.
func epoch() time.Time { return time.Unix(0, 0) }
