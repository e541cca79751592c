package grant_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/core/broker/grant"
	"gatehouse/core/kv"
)

func collections(t *testing.T, driver kv.Driver) *grant.Collections {
	return grant.NewCollections(kv.NewStore(driver, keyring(t, "k"), time.Now), time.Now)
}

func soon() time.Time { return time.Now().Add(10 * time.Minute) }

func TestACollectionIsTakenOnce(t *testing.T) {
	for name, driver := range map[string]kv.Driver{"conditional": &kv.Memory{}, "plain": plain{&kv.Memory{}}} {
		t.Run(name, func(t *testing.T) {
			c, ctx := collections(t, driver), t.Context()
			if _, err := c.Take(ctx, "id"); !errors.Is(err, grant.ErrNotFound) {
				t.Errorf("before: %v", err)
			}
			for _, value := range []string{"one", "two", ""} {
				if err := c.Put(ctx, "id", []byte(value), soon()); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if got, err := c.Get(ctx, "id"); err != nil || string(got) != value {
						t.Errorf("got %q, %v", got, err)
					}
				}
			}
			if got, err := c.Take(ctx, "id"); err != nil || len(got) != 0 {
				t.Errorf("got %q, %v", got, err)
			}
			for _, again := range []*grant.Collections{c, collections(t, driver)} {
				if _, err := again.Take(ctx, "id"); !errors.Is(err, grant.ErrTaken) {
					t.Errorf("twice: %v", err)
				}
				if _, err := again.Get(ctx, "id"); !errors.Is(err, grant.ErrTaken) {
					t.Errorf("read: %v", err)
				}
				if err := again.Put(ctx, "id", nil, soon()); !errors.Is(err, grant.ErrTaken) {
					t.Errorf("written: %v", err)
				}
				if err := again.Burn(ctx, "id", soon()); err != nil {
					t.Errorf("burnt: %v", err)
				}
			}
			for _, there := range []bool{true, false} {
				id := "burnt" + strconv.FormatBool(there)
				if there {
					if err := c.Put(ctx, id, []byte("x"), soon()); err != nil {
						t.Fatal(err)
					}
				}
				if err := c.Burn(ctx, id, soon()); err != nil {
					t.Fatal(err)
				}
				if _, err := collections(t, driver).Take(ctx, id); !errors.Is(err, grant.ErrTaken) {
					t.Errorf("burnt: %v", err)
				}
			}
			if err := c.Put(ctx, "late", []byte("x"), time.Now()); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Take(ctx, "late"); !errors.Is(err, grant.ErrNotFound) {
				t.Errorf("too late: %v", err)
			}
		})
	}
}

// I4: two that take at the same time, here and in another process.
func TestOneOfManyTakes(t *testing.T) {
	for name, c := range map[string]struct {
		driver    func() kv.Driver
		processes int
	}{
		"conditional, many processes": {func() kv.Driver { return &kv.Memory{} }, 8},
		"plain, one process":          {func() kv.Driver { return plain{&kv.Memory{}} }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				driver := c.driver()
				first := collections(t, driver)
				if err := first.Put(t.Context(), "id", []byte("x"), soon()); err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				var won atomic.Int32
				for range c.processes {
					taker := first
					if c.processes > 1 {
						taker = collections(t, driver)
					}
					for range 16 / c.processes {
						wg.Go(func() {
							switch _, err := taker.Take(context.Background(), "id"); {
							case err == nil:
								won.Add(1)
							case !errors.Is(err, grant.ErrTaken):
								t.Error(err)
							}
						})
					}
				}
				wg.Wait()
				if won.Load() != 1 {
					t.Fatalf("%d took it", won.Load())
				}
			}
		})
	}
}

// faulty reports an error for its nth write, which takes effect or not.
type faulty struct {
	*kv.Memory
	n    int
	done bool
}

func (f *faulty) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	f.n--
	if f.n == 0 {
		if f.done {
			_ = f.Memory.Swap(ctx, key, old, value, expiry)
		}
		return errors.New("connection reset")
	}
	return f.Memory.Swap(ctx, key, old, value, expiry)
}

func TestCollectionsOnAStoreThatFails(t *testing.T) {
	f := &faulty{Memory: &kv.Memory{}, n: 2, done: true}
	c := collections(t, f)
	if err := c.Put(t.Context(), "id", []byte("x"), soon()); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Take(t.Context(), "id"); err != nil || string(got) != "x" {
		t.Errorf("an acknowledgement that was lost: %q, %v", got, err)
	}
	f.n, f.done = 2, false
	if err := c.Put(t.Context(), "other", []byte("x"), soon()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Take(t.Context(), "other"); !errors.Is(err, grant.ErrStore) {
		t.Errorf("a write that failed: %v", err)
	}
	if got, err := c.Take(t.Context(), "other"); err != nil || string(got) != "x" {
		t.Errorf("another attempt: %q, %v", got, err)
	}
	keys, _, err := f.List(t.Context(), "", "", 10)
	if err != nil || len(keys) != 4 || slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, "other") || !strings.HasPrefix(k, "r:v1:c:") }) {
		t.Errorf("keys %v, %v", keys, err)
	}
	if err := f.Put(t.Context(), keys[0], []byte("garbage"), soon()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"id", "other"} {
		if _, err := collections(t, f).Take(t.Context(), id); err == nil {
			t.Errorf("%s was taken from garbage or a second time", id)
		}
	}
}

// A store that refuses a second write to a key within a second, as Workers KV does.
func TestCollectionsOnAStoreThatWritesOncePerSecond(t *testing.T) {
	store := &once{Memory: &kv.Memory{}, written: map[string]bool{}}
	c := collections(t, plain{store})
	if err := c.Put(t.Context(), "id", []byte("x"), soon()); err != nil {
		t.Fatal(err)
	}
	store.down = true
	if _, err := c.Take(t.Context(), "id"); !errors.Is(err, grant.ErrStore) {
		t.Errorf("a store that refuses: %v", err)
	}
	store.down = false
	if got, err := c.Take(t.Context(), "id"); err != nil || string(got) != "x" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := collections(t, plain{store}).Take(t.Context(), "id"); !errors.Is(err, grant.ErrTaken) {
		t.Errorf("twice: %v", err)
	}
}

type once struct {
	*kv.Memory
	written map[string]bool
	down    bool
}

func (o *once) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	if o.written[key] || o.down {
		return errors.New("429")
	}
	o.written[key] = true
	return o.Memory.Put(ctx, key, value, expiry)
}
