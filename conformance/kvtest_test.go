package conformance

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/kv"
)

func TestKVMemory(t *testing.T) {
	c := &clock{at: time.Now()}
	TestKV(t, func(testing.TB) kv.Driver { return &kv.Memory{Now: c.Now} }, KVOptions{Now: c.Now, Advance: c.advance})
}

// TestKVProfiles: the hostile stores keep the contract, except those that fail.
func TestKVProfiles(t *testing.T) {
	for _, name := range []string{"strong", "no-ttl", "keys255", "values1mb"} {
		t.Run(name, func(t *testing.T) {
			c := &clock{at: time.Now()}
			TestKV(t, func(testing.TB) kv.Driver { return profiles[name](newStore(c.Now), c.advance) }, KVOptions{Now: c.Now})
		})
	}
}

// broken drivers each break one rule of the contract.
type brokenDriver struct {
	*kv.Memory
	fault string
	mu    sync.Mutex
	kept  map[string][]byte
}

func (b *brokenDriver) key(key string) string {
	switch b.fault {
	case "folds case":
		return strings.ToLower(key)
	case "cuts keys":
		return key[:min(len(key), 254)]
	}
	return key
}

func (b *brokenDriver) Get(ctx context.Context, key string) ([]byte, error) {
	b.mu.Lock()
	kept := b.kept[key]
	b.mu.Unlock()
	if b.fault == "keeps the slice" && kept != nil {
		return kept, nil
	}
	v, err := b.Memory.Get(context.WithoutCancel(ctx), b.key(key))
	switch {
	case b.fault == "null" && errors.Is(err, kv.ErrNotFound):
		return []byte("<null>"), nil
	case b.fault == "own error" && err != nil:
		return nil, errors.New("no such key")
	case b.fault == "text" && err == nil:
		return []byte(strings.ToValidUTF8(string(v), "?")), nil
	case b.fault == "cancelled is missing" && ctx.Err() != nil:
		return nil, kv.ErrNotFound
	}
	return v, err
}

func (b *brokenDriver) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	switch b.fault {
	case "small values":
		if len(value) > 64<<10 {
			return errors.New("too large")
		}
	case "past expiry":
		if expiry.Before(time.Now()) {
			return errors.New("invalid expiry")
		}
	case "first expiry":
		if _, err := b.Memory.Get(ctx, key); err == nil {
			expiry = time.Now()
		}
	case "writes once":
		if _, err := b.Memory.Get(ctx, key); err == nil {
			return nil
		}
	case "short lives":
		expiry = time.Now().Add(min(time.Until(expiry), 30*time.Minute) - 2*time.Minute)
	case "keeps the slice":
		b.mu.Lock()
		b.kept[key] = value
		b.mu.Unlock()
	}
	return b.Memory.Put(ctx, b.key(key), value, expiry)
}

func (b *brokenDriver) Delete(ctx context.Context, key string) error {
	switch b.fault {
	case "deletes strictly":
		if _, err := b.Memory.Get(ctx, key); err != nil {
			return err
		}
	case "never deletes":
		return nil
	}
	return b.Memory.Delete(ctx, b.key(key))
}

func (b *brokenDriver) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	switch b.fault {
	case "swaps blindly":
		return b.Put(ctx, key, value, expiry)
	case "swap is two steps":
		got, err := b.Memory.Get(ctx, key)
		time.Sleep(time.Millisecond)
		if old == nil != errors.Is(err, kv.ErrNotFound) || string(got) != string(old) {
			return kv.ErrConflict
		}
		return b.Memory.Put(ctx, key, value, expiry)
	}
	return b.Memory.Swap(ctx, key, old, value, expiry)
}

func (b *brokenDriver) List(ctx context.Context, prefix, cursor string, limit int) ([]string, string, error) {
	switch b.fault {
	case "first page only":
		keys, _, err := b.Memory.List(ctx, prefix, cursor, limit)
		return keys, "", err
	case "ignores the limit":
		return b.Memory.List(ctx, prefix, cursor, 1000)
	case "ignores the prefix":
		return b.Memory.List(ctx, "", cursor, limit)
	}
	return b.Memory.List(ctx, prefix, cursor, limit)
}

// Count keeps numbers in records.
func (b *brokenDriver) Count(ctx context.Context, key string, expiry time.Time, others ...string) ([]int64, error) {
	var numbers []int64
	for i, k := range append([]string{key}, others...) {
		if b.fault != "counts in two steps" {
			b.mu.Lock()
		}
		raw, _ := b.Memory.Get(ctx, k)
		n, _ := strconv.ParseInt(string(raw), 10, 64)
		if b.fault == "counts in two steps" {
			time.Sleep(time.Millisecond)
		}
		if i == 0 || b.fault == "counts all" {
			n++
			_ = b.Memory.Put(ctx, k, strconv.AppendInt(nil, n, 10), expiry)
		}
		if b.fault != "counts in two steps" {
			b.mu.Unlock()
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func TestKVFindsFaults(t *testing.T) {
	for fault, want := range map[string]string{
		"folds case":           "keys of the whole alphabet stay apart",
		"cuts keys":            "keys of the whole alphabet stay apart",
		"null":                 "missing is ErrNotFound",
		"own error":            "missing is ErrNotFound",
		"text":                 "values come back byte for byte",
		"small values":         "values up to the limit",
		"past expiry":          "a past expiry is no error",
		"first expiry":         "an overwritten value has the new expiry",
		"writes once":          "overwriting replaces",
		"short lives":          "nothing goes before its expiry",
		"keeps the slice":      "the caller owns its slices",
		"deletes strictly":     "deleting what is not there is no error",
		"never deletes":        "deleting removes",
		"cancelled is missing": "a cancelled context ends the call",
		"swaps blindly":        "swap replaces only what it expects",
		"swap is two steps":    "swaps are atomic",
		"first page only":      "list pages",
		"ignores the limit":    "list pages",
		"ignores the prefix":   "list finds every key of a prefix",
		"counts all":           "counting adds one and reads others",
		"counts in two steps":  "counting at once loses nothing",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			for _, check := range kvChecks {
				if check.name != want {
					continue
				}
				r := &recordingTB{TB: t}
				r.do(func(tb testing.TB) {
					d := &brokenDriver{Memory: &kv.Memory{}, fault: fault, kept: map[string][]byte{}}
					check.run(&kvTest{TB: tb, Driver: d, o: KVOptions{Now: time.Now}})
				})
				if !r.Failed() {
					t.Errorf("the check %q accepts it", want)
				}
			}
		})
	}
}
