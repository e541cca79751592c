package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// store is the memory that every profile stands on. It keeps what a key held in
// the past, so that stale reads can be served, and never forgets by itself.
type store struct {
	now func() time.Time

	mu      sync.Mutex
	history map[string][]version
}

// version is what a key held from since on; value is nil after a deletion.
type version struct {
	since  time.Time
	value  []byte
	expiry time.Time
}

func newStore(now func() time.Time) *store {
	return &store{now: now, history: map[string][]version{}}
}

// read returns what key held at the given time.
func (s *store) read(key string, at time.Time) (version, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Backward(s.history[key]) {
		if !v.since.After(at) {
			return v, v.value != nil
		}
	}
	return version{}, false
}

func (s *store) write(key string, value []byte, expiry time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history[key] = append(s.history[key], version{s.now(), slices.Clone(value), expiry})
}

// recorder counts the gateway's operations, holds it to the contract of
// [kv.Driver], and passes on to the driver of the profile.
type recorder struct {
	violation func(format string, args ...any)
	secrets   *canary
	// beneath is what the drivers of all profiles stand on.
	beneath *store

	mu     sync.Mutex
	driver kv.Driver
	counts map[string]int
}

var storeKey = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,255}$`)

// ofLimits counts operations on what is no record but a count of a client's events.
const (
	ofLimits    = "limits"
	limitPrefix = "l:v1:"
)

func (r *recorder) begin(op, key string) kv.Driver {
	if !storeKey.MatchString(key) {
		r.violation("store: %s of the key %q, which not every store can hold", op, key)
	}
	r.secrets.see("kv", "the store key "+key, key)
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.HasPrefix(key, limitPrefix) {
		op = ofLimits
	}
	r.counts[op]++
	return r.driver
}

func (r *recorder) Get(ctx context.Context, key string) ([]byte, error) {
	return r.begin("get", key).Get(ctx, key)
}

func (r *recorder) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	d := r.begin("put", key)
	if len(value) == 0 || len(value) > kv.MaxValueSize {
		r.violation("store: put of %d bytes under %s", len(value), key)
	}
	if expiry.IsZero() {
		r.violation("store: put without expiry under %s", key)
	}
	r.secrets.see("kv", "the value stored under "+key, string(value))
	return d.Put(ctx, key, value, expiry)
}

func (r *recorder) Delete(ctx context.Context, key string) error {
	return r.begin("delete", key).Delete(ctx, key)
}

// swapping is a recorder whose profile writes on condition.
type swapping struct{ *recorder }

// Swap implements [kv.Swapper].
func (r swapping) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	d := r.begin("swap", key)
	if len(value) == 0 || len(value) > kv.MaxValueSize || expiry.IsZero() {
		r.violation("store: swap of %d bytes under %s, or without expiry", len(value), key)
	}
	r.secrets.see("kv", "the value stored under "+key, string(value))
	if s, ok := d.(kv.Swapper); ok {
		return s.Swap(ctx, key, old, value, expiry)
	}
	// A store does not change its nature while a gateway runs, but for the worse.
	if _, err := d.Get(ctx, key); err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	return d.Put(ctx, key, value, expiry)
}

// store is the recorder as the gateway's store.
func (r *recorder) store() kv.Driver {
	if _, ok := r.driver.(kv.Swapper); ok {
		return swapping{r}
	}
	return r
}

// use changes the profile.
func (r *recorder) use(d kv.Driver) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.driver = d
}

// take returns the operations since the last call.
func (r *recorder) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := maps.Clone(r.counts)
	clear(r.counts)
	return m
}

// damages are what @kv does to the stored records.
var damages = map[string]func(s *store){
	"clear": func(s *store) {
		s.change(func([]byte) []byte { return nil })
	},
	"truncate": func(s *store) {
		s.change(func(v []byte) []byte { return v[:(len(v)+1)/2] })
	},
	"corrupt": func(s *store) {
		s.change(func(v []byte) []byte { v[len(v)-len(v)/4-1] ^= 1; return v })
	},
	"garbage": func(s *store) {
		s.change(func([]byte) []byte { return []byte("<null>") })
	},
}

// change rewrites every record, past ones included; counts of events are none.
func (s *store) change(f func(value []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, h := range s.history {
		if strings.HasPrefix(key, limitPrefix) {
			continue
		}
		for i := range h {
			if h[i].value != nil {
				h[i].value = f(slices.Clone(h[i].value))
			}
		}
	}
}

// errFault is what a faulty store reports.
var errFault = fmt.Errorf("store: injected fault")
