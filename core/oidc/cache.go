package oidc

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Ages of a cached document.
const (
	// freshFor: a copy this young is used without asking.
	freshFor = time.Hour
	// staleFor: a copy this young is used while the provider cannot be asked.
	staleFor = 24 * time.Hour
	// retryAfter is the pause between attempts to replace a stale copy.
	retryAfter = 30 * time.Second
	// renewAfter is the pause between fetches that a copy's contents, not its age,
	// asked for.
	renewAfter = time.Minute
	// clockDrift is how far in the future another instance's copy may be from.
	clockDrift = time.Minute
)

// copyOf is a document that was good when it came. It is read-only.
type copyOf[T any] struct {
	address   string
	value     T
	body      []byte
	fetched   time.Time
	attempted time.Time // last failure to replace it
	renewed   time.Time // last fetch by renew, successful or not
}

// cache keeps one document in memory, in front of the shelf, in front of the
// provider. It is safe for concurrent use: at most one caller at a time asks.
type cache[T any] struct {
	name    string
	now     func() time.Time
	log     *slog.Logger
	shelf   *shelf
	address func(context.Context) (string, error)
	fetch   func(ctx context.Context, address string) ([]byte, error)
	parse   func([]byte) (T, error)

	mu     sync.Mutex
	kept   *copyOf[T]
	flight *flight
}

// flight is a refresh in progress; its fields are set before done is closed.
type flight struct {
	done      chan struct{}
	fetched   bool
	abandoned bool // the caller that led it went away
	err       error
}

// get returns a copy that is fresh, or stale while the provider cannot be asked.
// fetched says that it came during this call.
func (c *cache[T]) get(ctx context.Context) (e *copyOf[T], fetched bool, err error) {
	address, err := c.address(ctx)
	if err != nil {
		return nil, false, err
	}
	return c.obtain(ctx, address, false, func(e *copyOf[T]) bool {
		now := c.now()
		age := now.Sub(e.fetched)
		return within(age, freshFor) || age < staleFor && within(now.Sub(e.attempted), retryAfter)
	})
}

// renew returns a copy to use instead of seen, whose contents did not do: another
// instance's, or a newly fetched one unless the last was less than renewAfter ago.
// It returns seen when there is none.
func (c *cache[T]) renew(ctx context.Context, seen *copyOf[T]) (*copyOf[T], error) {
	e, _, err := c.obtain(ctx, seen.address, true, func(e *copyOf[T]) bool {
		return e.fetched.After(seen.fetched) || within(c.now().Sub(e.renewed), renewAfter)
	})
	return e, err
}

func within(age, limit time.Duration) bool { return age > -clockDrift && age < limit }

// obtain returns the copy kept for address if it is enough, and otherwise joins or
// leads a refresh.
func (c *cache[T]) obtain(ctx context.Context, address string, renewing bool, enough func(*copyOf[T]) bool) (*copyOf[T], bool, error) {
	fetched := false
	for {
		c.mu.Lock()
		if e := c.kept; e != nil && e.address == address && enough(e) {
			c.mu.Unlock()
			return e, fetched, nil
		}
		f := c.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			c.flight = f
			c.mu.Unlock()
			return c.lead(ctx, f, address, renewing, enough)
		}
		c.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, false, unavailable(c.name, ctx.Err())
		}
		if f.err != nil && !f.abandoned {
			return nil, false, f.err
		}
		fetched = fetched || f.fetched
	}
}

func (c *cache[T]) lead(ctx context.Context, f *flight, address string, renewing bool, enough func(*copyOf[T]) bool) (e *copyOf[T], fetched bool, err error) {
	f.abandoned = true // unless refresh returns
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if e != nil {
			c.kept = e
		}
		c.flight = nil
		close(f.done)
	}()
	c.mu.Lock()
	old := c.kept
	c.mu.Unlock()
	if old != nil && old.address != address {
		old = nil
	}
	e, fetched, err = c.refresh(ctx, old, address, renewing, enough)
	f.fetched, f.err, f.abandoned = fetched, err, err != nil && ctx.Err() != nil
	return e, fetched, err
}

// refresh finds a copy that is enough on the shelf or fetches one. When that fails it
// returns the old one, marked, if it is young enough.
func (c *cache[T]) refresh(ctx context.Context, old *copyOf[T], address string, renewing bool, enough func(*copyOf[T]) bool) (*copyOf[T], bool, error) {
	if e := c.load(ctx, address); e != nil && (old == nil || e.newer(old)) {
		if enough(e) {
			return e, false, nil
		}
		old = e
	}
	e := &copyOf[T]{address: address}
	var err error
	if e.body, err = c.fetch(ctx, address); err == nil {
		e.value, err = c.parse(e.body)
	}
	now := c.now().Truncate(time.Millisecond)
	if err == nil {
		e.fetched = now
		if old != nil {
			e.renewed = old.renewed
		}
		if renewing {
			e.renewed = now
		}
		c.save(ctx, e)
		return e, true, nil
	}
	if ctx.Err() != nil || old == nil || now.Sub(old.fetched) >= staleFor {
		return nil, false, err
	}
	c.log.Warn("provider document not refreshed; the old copy serves on", "document", c.name, "age", now.Sub(old.fetched).String(), "error", err.Error())
	marked := *old
	marked.attempted = now
	if renewing {
		marked.renewed = now
	}
	c.save(ctx, &marked)
	return &marked, false, nil
}

// newer reports whether e says more than other.
func (e *copyOf[T]) newer(other *copyOf[T]) bool {
	if !e.fetched.Equal(other.fetched) {
		return e.fetched.After(other.fetched)
	}
	return e.attempted.After(other.attempted) || e.renewed.After(other.renewed)
}

func (c *cache[T]) load(ctx context.Context, address string) *copyOf[T] {
	r := c.shelf.load(ctx, address)
	if r == nil {
		return nil
	}
	value, err := c.parse(r.Document)
	if err != nil {
		return nil
	}
	return &copyOf[T]{
		address: address, value: value, body: r.Document,
		fetched: instantOf(r.Fetched), attempted: instantOf(r.Attempted), renewed: instantOf(r.Renewed),
	}
}

func (c *cache[T]) save(ctx context.Context, e *copyOf[T]) {
	c.shelf.save(ctx, e.address, &record{
		Fetched: milliOf(e.fetched), Attempted: milliOf(e.attempted), Renewed: milliOf(e.renewed),
		Document: e.body,
	})
}

func milliOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instantOf(milli int64) time.Time {
	if milli == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milli)
}
