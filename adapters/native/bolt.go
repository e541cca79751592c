package native

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"gatehouse/core/kv"
)

const (
	lockWait   = time.Second
	expirySize = 8
)

var boltBucket = []byte("gatehouse")

// Bolt is a driver that keeps its records in one file, which belongs to one process at
// a time. Every write is on disk before it returns; concurrent writes share one
// fsync. Reads see all earlier writes.
//
// A record is the expiry (milliseconds since 1970, 8 bytes, big endian) and the
// value. Expired records count as absent, and [Bolt.Sweep] removes them. The file does
// not shrink: freed pages are used again.
type Bolt struct {
	db *bbolt.DB
	// now is the clock.
	now func() time.Time
}

var (
	_ kv.Driver  = (*Bolt)(nil)
	_ kv.Swapper = (*Bolt)(nil)
	_ kv.Lister  = (*Bolt)(nil)
)

// OpenBolt opens or creates the file at path, mode 0600. nil means [time.Now]. While
// another process has the file open it fails after a second.
func OpenBolt(path string, now func() time.Time) (*Bolt, error) {
	if now == nil {
		now = time.Now
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:      lockWait,
		FreelistType: bbolt.FreelistMapType,
		NoStatistics: true,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, withHint(fmt.Errorf("native: store %s is in use by another process", path),
			"stop the other gateway, or give this one a STORE_PATH of its own")
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, withHint(fmt.Errorf("native: %s is not a store: %w", path, err),
			"name another STORE_PATH, or move the file away: everyone then logs in again")
	case err != nil:
		return nil, fmt.Errorf("native: open store %s: %s", path, reason(err))
	}
	// A lone write would wait this long for company, 10 ms by default.
	db.MaxBatchDelay = time.Millisecond
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(boltBucket)
		return err
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("native: prepare store %s: %w", path, err)
	}
	return &Bolt{db: db, now: now}, nil
}

// Close waits for running transactions and releases the file.
func (b *Bolt) Close() error { return b.db.Close() }

// Get implements [kv.Driver].
func (b *Bolt) Get(ctx context.Context, key string) (value []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = b.db.View(func(tx *bbolt.Tx) error {
		found := b.live(tx.Bucket(boltBucket).Get([]byte(key)))
		if found == nil {
			return kv.ErrNotFound
		}
		value = bytes.Clone(found) // the page belongs to the transaction
		return nil
	})
	return value, failed("read", err)
}

// Put implements [kv.Driver].
func (b *Bolt) Put(ctx context.Context, key string, value []byte, expiry time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	record := newRecord(value, expiry)
	return failed("write", b.db.Batch(func(tx *bbolt.Tx) error {
		return tx.Bucket(boltBucket).Put([]byte(key), record)
	}))
}

// Delete implements [kv.Driver].
func (b *Bolt) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return failed("delete", b.db.Batch(func(tx *bbolt.Tx) error {
		return tx.Bucket(boltBucket).Delete([]byte(key))
	}))
}

// Swap implements [kv.Swapper].
func (b *Bolt) Swap(ctx context.Context, key string, old, value []byte, expiry time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	record := newRecord(value, expiry)
	conflict := false
	err := b.db.Batch(func(tx *bbolt.Tx) error {
		// A conflict is no error here: it would make the batch run again.
		bucket := tx.Bucket(boltBucket)
		found := b.live(bucket.Get([]byte(key)))
		conflict = (found == nil) != (old == nil) || !bytes.Equal(found, old)
		if conflict {
			return nil
		}
		return bucket.Put([]byte(key), record)
	})
	if err == nil && conflict {
		return kv.ErrConflict
	}
	return failed("swap", err)
}

// List implements [kv.Lister]. The cursor is the last key of the page before.
func (b *Bolt) List(ctx context.Context, prefix, cursor string, limit int) (keys []string, next string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	err = b.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(boltBucket).Cursor()
		k, record := c.Seek([]byte(max(prefix, cursor)))
		if cursor != "" && string(k) == cursor {
			k, record = c.Next()
		}
		for ; k != nil && bytes.HasPrefix(k, []byte(prefix)); k, record = c.Next() {
			if b.live(record) == nil {
				continue
			}
			if len(keys) >= limit {
				if len(keys) > 0 {
					next = keys[len(keys)-1]
				}
				return nil
			}
			keys = append(keys, string(k))
		}
		return nil
	})
	return keys, next, failed("list", err)
}

// live returns the value in record, or nil if there is none or it expired.
func (b *Bolt) live(record []byte) []byte {
	if len(record) <= expirySize || expired(record, b.now()) {
		return nil
	}
	return record[expirySize:]
}

func newRecord(value []byte, expiry time.Time) []byte {
	// Rounded up: a record must not be removed early.
	ms := expiry.Add(time.Millisecond - 1).UnixMilli()
	record := make([]byte, expirySize, expirySize+len(value))
	binary.BigEndian.PutUint64(record, uint64(max(ms, 0)))
	return append(record, value...)
}

func expired(record []byte, now time.Time) bool {
	return len(record) < expirySize || binary.BigEndian.Uint64(record) <= uint64(max(now.UnixMilli(), 0))
}

// failed gives err context, except for the contract's own errors.
func failed(verb string, err error) error {
	if err == nil || errors.Is(err, kv.ErrNotFound) {
		return err
	}
	return fmt.Errorf("native: %s store: %w", verb, err)
}
