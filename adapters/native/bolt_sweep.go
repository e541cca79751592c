package native

import (
	"context"
	"log/slog"
	"time"

	"go.etcd.io/bbolt"
)

const (
	sweepInterval = 5 * time.Minute
	// sweepLook bounds a read transaction, which keeps old pages from reuse, and
	// sweepDelete a write transaction, for which every other writer waits.
	sweepLook   = 2000
	sweepDelete = 200
	// sweepPause leaves the file to others between the steps of one pass.
	sweepPause = 5 * time.Millisecond
)

// Sweep removes every record that has expired, in short transactions, and returns how
// many. It ends early with the context's error. Values are not looked at: it needs no
// key.
func (b *Bolt) Sweep(ctx context.Context) (removed int, err error) {
	var cursor []byte
	for {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		dead, next, err := b.findExpired(cursor)
		if err != nil {
			return removed, failed("sweep", err)
		}
		if len(dead) > 0 {
			n, err := b.removeExpired(dead)
			removed += n
			if err != nil {
				return removed, failed("sweep", err)
			}
		}
		if next == nil {
			return removed, nil
		}
		cursor = next
		select {
		case <-ctx.Done():
		case <-time.After(sweepPause):
		}
	}
}

// findExpired looks at the records from cursor on, at most sweepLook and until
// sweepDelete expired ones are found. next is the key to go on with, nil at the end.
func (b *Bolt) findExpired(cursor []byte) (dead [][]byte, next []byte, err error) {
	now := b.now()
	err = b.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(boltBucket).Cursor()
		k, record := c.Seek(cursor)
		for looked := 0; k != nil; k, record = c.Next() {
			if looked == sweepLook || len(dead) == sweepDelete {
				next = append([]byte(nil), k...)
				return nil
			}
			looked++
			if expired(record, now) {
				dead = append(dead, append([]byte(nil), k...))
			}
		}
		return nil
	})
	return dead, next, err
}

// removeExpired deletes those of keys that are expired still: one may have been
// written again since it was found.
func (b *Bolt) removeExpired(keys [][]byte) (removed int, err error) {
	now := b.now()
	err = b.db.Update(func(tx *bbolt.Tx) error {
		removed = 0
		bucket := tx.Bucket(boltBucket)
		for _, k := range keys {
			record := bucket.Get(k)
			if record == nil || !expired(record, now) {
				continue
			}
			if err := bucket.Delete(k); err != nil {
				return err
			}
			removed++
		}
		return nil
	})
	return removed, err
}

// sweepEvery runs Sweep at once and then at the interval until ctx ends.
func (b *Bolt) sweepEvery(ctx context.Context, interval time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		removed, err := b.Sweep(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("sweeping the store failed", "error", err)
		case removed > 0:
			log.Debug("swept the store", "removed", removed)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
