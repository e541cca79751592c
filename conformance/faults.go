package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// profile makes the driver of a kind of store. tick moves the world's clock.
type profile func(s *store, tick func(time.Duration)) kv.Driver

// profiles are the kinds of stores that a case may run with, each named for what it
// does to the gateway.
var profiles = map[string]profile{
	// strong: reads see every earlier write; what has expired is gone; writes may have a
	// condition.
	"strong": func(s *store, _ func(time.Duration)) kv.Driver { return &conditional{memory: memory{store: s}} },
	// stale60: a read sees what stood there 60 seconds ago, a miss included.
	"stale60": func(s *store, _ func(time.Duration)) kv.Driver {
		return &memory{store: s, staleness: time.Minute}
	},
	// no-ttl: nothing ever expires by itself.
	"no-ttl": func(s *store, _ func(time.Duration)) kv.Driver { return &memory{store: s, eternal: true} },
	// rate1: a second write to a key within a second fails.
	"rate1": func(s *store, _ func(time.Duration)) kv.Driver {
		return &rateLimited{Driver: &memory{store: s}, now: s.now, last: map[string]time.Time{}}
	},
	// keys255 and values1mb: longer keys and larger values fail.
	"keys255": func(s *store, _ func(time.Duration)) kv.Driver {
		return &limited{Driver: &memory{store: s}, key: 255, value: 1 << 30}
	},
	"values1mb": func(s *store, _ func(time.Duration)) kv.Driver {
		return &limited{Driver: &memory{store: s}, key: 1 << 20, value: 1 << 20}
	},
	// failing: no write takes place.
	"failing": func(s *store, _ func(time.Duration)) kv.Driver {
		return &faulty{Driver: &memory{store: s}, write: before}
	},
	// lost-ack: every write takes place, and reports a failure.
	"lost-ack": func(s *store, _ func(time.Duration)) kv.Driver {
		return &faulty{Driver: &memory{store: s}, write: after}
	},
	// down: every operation fails.
	"down": func(s *store, _ func(time.Duration)) kv.Driver {
		return &faulty{Driver: &memory{store: s}, write: before, read: before}
	},
	// slow: every operation takes 4 seconds of the world's time, less than anybody
	// waits for a store.
	"slow": func(s *store, tick func(time.Duration)) kv.Driver {
		return &faulty{Driver: &memory{store: s}, wait: func(ctx context.Context) {
			if ok, _ := virtually(ctx, slowness); !ok {
				tick(slowness)
			}
		}}
	},
	// hang: no operation ends before the caller gives up.
	"hang": func(s *store, _ func(time.Duration)) kv.Driver {
		return &faulty{Driver: &memory{store: s}, read: before, write: before, wait: func(ctx context.Context) {
			_ = pause(ctx, stepDeadline)
		}}
	},
}

const slowness = 4 * time.Second

// Groups of profiles: quirks change nothing that a client can see, faults do.
var (
	quirks = []string{"stale60", "rate1", "no-ttl", "keys255", "values1mb", "slow"}
	faults = []string{"failing", "lost-ack", "down"}
)

// parseProfiles expands groups. The order is the one that tests run in.
func parseProfiles(words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		switch w {
		case "quirks":
			out = append(append(out, "strong"), quirks...)
		case "faults":
			out = append(out, faults...)
		case "all":
			out = append(append(append(out, "strong"), quirks...), faults...)
		default:
			if profiles[w] == nil {
				return nil, fmt.Errorf("unknown profile %q", w)
			}
			out = append(out, w)
		}
	}
	for i, p := range out {
		if slices.Contains(out[:i], p) {
			return nil, fmt.Errorf("profile %s twice", p)
		}
	}
	return out, nil
}

// memory is a driver over a store.
type memory struct {
	store     *store
	staleness time.Duration
	eternal   bool
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	now := m.store.now()
	v, ok := m.store.read(key, now.Add(-m.staleness))
	if !ok || !m.eternal && !v.expiry.After(now.Add(-m.staleness)) {
		return nil, kv.ErrNotFound
	}
	return slices.Clone(v.value), nil
}

func (m *memory) Put(_ context.Context, key string, value []byte, expiry time.Time) error {
	m.store.write(key, value, expiry)
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.store.write(key, nil, time.Time{})
	return nil
}

// conditional is memory that can also write on condition.
type conditional struct {
	memory
	mu sync.Mutex
}

// Swap implements [kv.Swapper].
func (c *conditional) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := c.Get(ctx, key)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	if (old == nil) != (err != nil) || !bytes.Equal(now, old) {
		return kv.ErrConflict
	}
	return c.Put(ctx, key, value, expiry)
}

// rateLimited accepts one write a second and key.
type rateLimited struct {
	kv.Driver
	now  func() time.Time
	mu   sync.Mutex
	last map[string]time.Time
}

func (r *rateLimited) admit(key string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if last, ok := r.last[key]; ok && now.Sub(last) < time.Second {
		return fmt.Errorf("store: 429 too many writes to %s", key)
	}
	r.last[key] = now
	return nil
}

func (r *rateLimited) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	if err := r.admit(key); err != nil {
		return err
	}
	return r.Driver.Put(ctx, key, value, expiry)
}

func (r *rateLimited) Delete(ctx context.Context, key string) error {
	if err := r.admit(key); err != nil {
		return err
	}
	return r.Driver.Delete(ctx, key)
}

// limited refuses what is too long.
type limited struct {
	kv.Driver
	key, value int
}

func (l *limited) Get(ctx context.Context, key string) ([]byte, error) {
	if len(key) > l.key {
		return nil, fmt.Errorf("store: key of %d bytes", len(key))
	}
	return l.Driver.Get(ctx, key)
}

func (l *limited) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	if len(key) > l.key || len(value) > l.value {
		return fmt.Errorf("store: key of %d bytes, value of %d bytes", len(key), len(value))
	}
	return l.Driver.Put(ctx, key, value, expiry)
}

// moment says when an operation fails.
type moment int

const (
	never  moment = iota
	before        // and nothing happens
	after         // although it happened
)

// faulty fails reads and writes as told, after waiting.
type faulty struct {
	kv.Driver
	read, write moment
	wait        func(context.Context)
}

func (f *faulty) run(ctx context.Context, m moment, op func() error) error {
	if f.wait != nil {
		f.wait(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if m == before {
		return errFault
	}
	err := op()
	if m == after {
		err = errFault
	}
	return err
}

func (f *faulty) Get(ctx context.Context, key string) (value []byte, err error) {
	err = f.run(ctx, f.read, func() error { value, err = f.Driver.Get(ctx, key); return err })
	return value, err
}

func (f *faulty) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	return f.run(ctx, f.write, func() error { return f.Driver.Put(ctx, key, value, expiry) })
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	return f.run(ctx, f.write, func() error { return f.Driver.Delete(ctx, key) })
}
