package limit

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/platform"
)

const (
	// slots is how many records there are, and slotSize how many clients one has.
	slots    = 64
	slotSize = 64

	slotVersion = 1
	entrySize   = 8 + 8 + 4 + 4
)

// Slots is a limiter for instances that remember nothing, on a store that cannot count:
// an event is a read and, unless it is refused, a write of a record that a 64th part of
// all clients share.
//
// It is an approximation that errs on the side of letting events pass. Of events that
// come at the same time some are not counted; a store that is eventually consistent
// shows the counts late; a store that accepts few writes of a key loses some. There are
// never more than 64 records of at most 1,537 bytes, so that nobody fills the store: of more
// than 64 clients of one record those who came last are remembered. A store
// that fails, or takes longer than a second where it knows deadlines, lets the event
// pass.
//
// Make one with [NewSlots]; it is safe for concurrent use.
type Slots struct {
	store kv.Driver
	names names
	o     Options
}

var _ platform.Limiter = (*Slots)(nil)

// NewSlots makes a limiter. It asks the store nothing.
func NewSlots(store kv.Driver, o Options) *Slots {
	return &Slots{store: store, names: newNames(o.Secret), o: o}
}

// entry is what a record knows of a client under one limit.
type entry struct {
	client   uint64 // a part of the pseudonym
	over     int64  // when the window after the current one ends, in milliseconds since 1970
	current  uint32
	previous uint32
}

// Allow implements [platform.Limiter].
func (s *Slots) Allow(ctx context.Context, l platform.Limit, client string) (time.Duration, bool) {
	pseudonym := s.names.of(l, client, 0)
	record := prefix + "slot:" + strconv.Itoa(int(pseudonym[8])%slots)
	ctx, cancel := bounded(ctx)
	defer cancel()
	raw, err := s.store.Get(ctx, record)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		s.failed(l, err)
		return 0, true
	}
	now := s.o.Now()
	_, left := aligned(now, l.Per)
	over := now.Add(left + l.Per)
	mine := entry{client: binary.BigEndian.Uint64(pseudonym), over: over.UnixMilli()}
	others := slices.DeleteFunc(readSlot(raw), func(e entry) bool {
		if e.client == mine.client {
			mine = e.at(mine.over, l.Per)
			return true
		}
		return e.over <= now.UnixMilli()
	})
	wait, ok := judge(l, left, int64(mine.current)+1, int64(mine.previous))
	if !ok {
		return wait, false
	}
	mine.current++
	// The latest stand last.
	others = append(others[max(len(others)-slotSize+1, 0):], mine)
	if err := s.store.Put(ctx, record, writeSlot(others), over); err != nil {
		s.failed(l, err)
	}
	return 0, true
}

func (s *Slots) failed(l platform.Limit, err error) {
	s.o.Log.Warn("limit is not kept", "limit", l.Name, "error", err.Error())
}

// at is e in the window whose successor ends at over. A clock that is behind by less than
// a window counts in the later one.
func (e entry) at(over int64, per time.Duration) entry {
	switch behind := time.Duration(over-e.over) * time.Millisecond; {
	case behind == 0, behind < 0 && behind >= -per:
		return e
	case behind == per:
		return entry{client: e.client, over: over, previous: e.current}
	}
	return entry{client: e.client, over: over}
}

// readSlot returns the entries of a record; of one that is damaged there are none.
func readSlot(raw []byte) []entry {
	if len(raw) < 1 || raw[0] != slotVersion || (len(raw)-1)%entrySize != 0 || len(raw) > 1+slotSize*entrySize {
		return nil
	}
	var entries []entry
	for b := range slices.Chunk(raw[1:], entrySize) {
		entries = append(entries, entry{
			binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:])),
			binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:]),
		})
	}
	return entries
}

func writeSlot(entries []entry) []byte {
	raw := []byte{slotVersion}
	for _, e := range entries {
		raw = binary.BigEndian.AppendUint64(raw, e.client)
		raw = binary.BigEndian.AppendUint64(raw, uint64(e.over))
		raw = binary.BigEndian.AppendUint32(raw, e.current)
		raw = binary.BigEndian.AppendUint32(raw, e.previous)
	}
	return raw
}
