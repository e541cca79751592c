package limit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/platform"
)

// Whatever stands in the store, which is not sealed: a record of limits is read as entries
// that are written as the same record, or as none, and a limiter goes on with it.
func FuzzReadSlot(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := entry{client: 1, over: now.Add(2 * time.Minute).UnixMilli(), current: 3, previous: 4}
	f.Add([]byte{})
	f.Add(writeSlot(nil))
	f.Add(writeSlot([]entry{e, {client: 2, over: -1, current: 1<<32 - 1, previous: 1<<32 - 1}}))
	f.Add(append(writeSlot([]entry{e}), 0))
	f.Add(append([]byte{slotVersion}, bytes.Repeat([]byte{0xff}, slotSize*entrySize)...))
	f.Add(append([]byte{slotVersion}, bytes.Repeat([]byte{0xff}, (slotSize+1)*entrySize)...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries := readSlot(raw)
		if len(entries) > slotSize || len(entries) > 0 && !bytes.Equal(writeSlot(entries), raw) {
			t.Errorf("%d entries: %+v", len(entries), entries)
		}
		// The client's own record, under whichever name: every name has it.
		store := &everywhere{raw: raw}
		l := platform.Limit{Name: "fuzz", Count: 2, Per: time.Minute}
		s := NewSlots(store, Options{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Secret: []byte("test only: a secret of 32 bytes.")})
		wait, ok := s.Allow(t.Context(), l, "192.0.2.1")
		if ok != (wait == 0) || wait < 0 || wait > 2*l.Per {
			t.Errorf("waits %v, %v", wait, ok)
		}
		if written := readSlot(store.written); ok && (len(written) == 0 || len(store.written) > 1+slotSize*entrySize) {
			t.Errorf("wrote %d bytes", len(store.written))
		}
	})
}

// everywhere is a store that has raw under every key.
type everywhere struct {
	kv.Driver
	raw, written []byte
}

func (e *everywhere) Get(context.Context, string) ([]byte, error) {
	if e.raw == nil {
		return nil, kv.ErrNotFound
	}
	return e.raw, nil
}

func (e *everywhere) Put(_ context.Context, _ string, value []byte, expiry time.Time) error {
	if expiry.IsZero() {
		return errors.New("no expiry")
	}
	e.written = value
	return nil
}
