package cloudflare

import (
	"context"
	"errors"
	"strconv"
	"time"

	"gatehouse/core/kv"
)

// Workers KV: https://developers.cloudflare.com/kv/platform/limits/
const (
	// leastLife is the shortest lifetime that KV takes.
	leastLife = 60 * time.Second
	// writeInterval is how far apart two writes to one key have to be.
	writeInterval = time.Second
)

// namespace is the store in the KV namespace STORE_KV. Reads may be a minute old, and
// so may misses.
type namespace struct {
	bridge *bridge
	now    func() time.Time
}

var _ kv.Driver = namespace{}

// kvKey is the name for key in KV, which takes every key but two. The equals sign is in
// no key.
func kvKey(key string) string {
	if key == "." || key == ".." {
		return "=" + key
	}
	return key
}

// Get implements [kv.Driver].
func (n namespace) Get(ctx context.Context, key string) ([]byte, error) {
	_, r, err := n.bridge.call(ctx, operation{kind: "kv-get", text: kvKey(key)})
	return found(r, err)
}

// found is the value of a reply to a read. JavaScript's null comes as no data.
func found(r reply, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if len(r.data) == 0 {
		return nil, kv.ErrNotFound
	}
	return r.data, nil
}

// Put implements [kv.Driver]. A second write to a key within a second, which KV
// refuses, is tried once more when the second is over.
func (n namespace) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	o := operation{kind: "kv-put", number: seconds(expiry.Sub(n.now())), text: kvKey(key), data: value}
	_, _, err := n.bridge.call(ctx, o)
	if !errors.Is(err, ErrTooManyWrites) {
		return err
	}
	pause := time.NewTimer(writeInterval)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return err
	}
	o.number = seconds(expiry.Sub(n.now()))
	_, _, err = n.bridge.call(ctx, o)
	return err
}

// seconds rounds a lifetime up to whole seconds and to what KV takes.
func seconds(life time.Duration) int {
	return int((max(life, leastLife) + time.Second - 1) / time.Second)
}

// Delete implements [kv.Driver].
func (n namespace) Delete(ctx context.Context, key string) error {
	_, _, err := n.bridge.call(ctx, operation{kind: "kv-delete", text: kvKey(key)})
	return err
}

// objects is the store in Durable Objects of the class Record, bound as STORE_OBJECTS:
// one object for each key, so that reads see every write and a write can depend on
// what is there.
type objects struct{ bridge *bridge }

var (
	_ kv.Driver  = objects{}
	_ kv.Swapper = objects{}
)

// Get implements [kv.Driver].
func (o objects) Get(ctx context.Context, key string) ([]byte, error) {
	_, r, err := o.bridge.call(ctx, operation{kind: "object-get", text: key})
	return found(r, err)
}

// Put implements [kv.Driver].
func (o objects) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	_, _, err := o.bridge.call(ctx, operation{kind: "object-put", text: key + separator + milliseconds(expiry), data: value})
	return err
}

// Delete implements [kv.Driver].
func (o objects) Delete(ctx context.Context, key string) error {
	_, _, err := o.bridge.call(ctx, operation{kind: "object-delete", text: key})
	return err
}

// Swap implements [kv.Swapper]. The expected value and the new one cross as one.
func (o objects) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	expected := -1
	if old != nil {
		expected = len(old)
	}
	both := append(append(make([]byte, 0, len(old)+len(value)), old...), value...)
	_, r, err := o.bridge.call(ctx, operation{kind: "object-swap", number: expected, text: key + separator + milliseconds(expiry), data: both})
	if err == nil && r.number == 0 {
		return kv.ErrConflict
	}
	return err
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
