package introspection

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"gatehouse/core/kv"
)

const (
	// clearPage is how many keys of the store are asked for at once.
	clearPage = 1000
	// clearAtOnce is how many records are deleted at the same time.
	clearAtOnce = 16
)

// ErrNoList says that the store cannot enumerate its keys, so that nothing was removed
// from it; this process's memory is cleared all the same.
var ErrNoList = errors.New("introspection: store cannot list")

// Clear drops what is known about every token, as after a change of rights at the
// provider: this process asks again about each, even if the store is behind, and neither
// keeps an answer that is under way nor gives it to who comes later. Records of other kinds are not touched. Other processes
// may believe what they have in memory up to the cap. removed counts the store's
// records. The error is ErrNoList or the store's; Clear may then be repeated.
func (i *Introspector) Clear(ctx context.Context) (removed int, err error) {
	now := i.o.Now()
	i.cleared.Store(&now)
	for _, m := range []*memory{i.valid, i.refused} {
		m.clear()
	}
	i.era.Add(1)
	if i.o.Store == nil {
		return 0, nil
	}
	lister, ok := i.o.Store.Driver().(kv.Lister)
	if !ok {
		return 0, ErrNoList
	}
	for cursor := ""; ; {
		keys, next, err := lister.List(ctx, string(kv.Introspections), cursor, clearPage)
		if err != nil {
			return removed, fmt.Errorf("introspection: list: %w", err)
		}
		n, err := i.eraseAll(ctx, keys)
		removed += n
		if err != nil {
			return removed, err
		}
		if next == "" || next == cursor {
			return removed, nil
		}
		cursor = next
	}
}

// eraseAll deletes the records under the store's keys and returns how many, and the
// first error.
func (i *Introspector) eraseAll(ctx context.Context, keys []string) (removed int, err error) {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		places  = make(chan struct{}, clearAtOnce)
	)
	for _, key := range keys {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			e := i.erase(ctx, strings.TrimPrefix(key, string(kv.Introspections)))
			mu.Lock()
			defer mu.Unlock()
			if e == nil {
				removed++
			} else if err == nil {
				err = e
			}
		})
	}
	running.Wait()
	return removed, err
}

// clearedSince reports whether Clear was called at t or later. A clock that was set
// back since makes it forget that.
func (i *Introspector) clearedSince(t time.Time) bool {
	cleared := i.cleared.Load()
	return cleared != nil && !t.After(*cleared) && !i.o.Now().Before(*cleared)
}
