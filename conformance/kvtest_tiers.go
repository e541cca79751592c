package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// swapper returns the driver's conditional writes, or ends the check.
func (t *kvTest) swapper() kv.Swapper {
	s, ok := t.Driver.(kv.Swapper)
	if !ok {
		t.Skip("the driver is no kv.Swapper")
	}
	return s
}

func (t *kvTest) swap(key string, old, value []byte) error {
	return t.swapper().Swap(context.Background(), key, old, value, t.o.Now().Add(time.Hour))
}

func (t *kvTest) swapCreates() {
	if err := t.swap("key", nil, []byte("1")); err != nil {
		t.Fatalf("Swap of an absent key: %v", err)
	}
	t.expect("key", "1")
	if err := t.swap("key", nil, []byte("2")); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("Swap of an existing key as absent: %v, want kv.ErrConflict", err)
	}
	if err := t.swap("absent", []byte("1"), []byte("2")); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("Swap of an absent key as existing: %v, want kv.ErrConflict", err)
	}
	t.expect("key", "1")
	t.expectMissing("absent")
}

func (t *kvTest) swapReplaces() {
	t.put("key", "a\x00b")
	for _, wrong := range []string{"a", "a\x00", "a\x00B", "a\x00bc", "\x00"} {
		if err := t.swap("key", []byte(wrong), []byte("new")); !errors.Is(err, kv.ErrConflict) {
			t.Errorf("Swap with the wrong old value %q: %v, want kv.ErrConflict", wrong, err)
		}
	}
	t.expect("key", "a\x00b")
	if err := t.swap("key", []byte("a\x00b"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	t.expect("key", "new")
	if err := t.Delete(context.Background(), "key"); err != nil {
		t.Fatal(err)
	}
	if err := t.swap("key", nil, []byte("newer")); err != nil {
		t.Errorf("Swap after Delete: %v", err)
	}
}

// swapExpired: whether an expired value is still there is the store's affair, but
// one that Get does not return does not count.
func (t *kvTest) swapExpired() {
	t.swapper()
	if t.o.Advance == nil {
		t.Skip("the store's clock cannot be moved")
	}
	t.putUntil("key", "old", 2*time.Minute)
	t.o.Advance(time.Hour)
	if _, err := t.Get(context.Background(), "key"); !errors.Is(err, kv.ErrNotFound) {
		t.Skip("the store keeps what expired")
	}
	if err := t.swap("key", nil, []byte("new")); err != nil {
		t.Errorf("Swap of an expired key as absent: %v", err)
	}
	t.expect("key", "new")
}

func (t *kvTest) swapAtomic() {
	s := t.swapper()
	t.put("counter", "0")
	const workers, rounds = 6, 10
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for done := 0; done < rounds; {
				old, err := t.Get(context.Background(), "counter")
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				n, _ := strconv.Atoi(string(old))
				err = s.Swap(context.Background(), "counter", old, []byte(strconv.Itoa(n+1)), t.o.Now().Add(time.Hour))
				switch {
				case err == nil:
					done++
				case !errors.Is(err, kv.ErrConflict):
					t.Errorf("Swap: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	t.expect("counter", strconv.Itoa(workers*rounds))
}

// listAll pages through a listing.
func (t *kvTest) listAll(prefix string, limit int) []string {
	t.Helper()
	l, ok := t.Driver.(kv.Lister)
	if !ok {
		t.Skip("the driver is no kv.Lister")
	}
	var all []string
	for cursor, calls := "", 0; ; calls++ {
		keys, next, err := l.List(context.Background(), prefix, cursor, limit)
		switch {
		case err != nil:
			t.Fatalf("List: %v", err)
		case len(keys) > limit:
			t.Fatalf("List: %d keys, the limit is %d", len(keys), limit)
		case calls > 1000:
			t.Fatal("List: no end")
		}
		if all = append(all, keys...); next == "" {
			slices.Sort(all)
			return all
		}
		cursor = next
	}
}

func (t *kvTest) list() {
	for _, key := range []string{"s:1", "s:2", "s:", "s", "t:1", "S:3", "s-1", "s:1:1"} {
		t.put(key, "v")
	}
	for prefix, want := range map[string]string{
		"s:": "s: s:1 s:1:1 s:2", "s:1": "s:1 s:1:1", "t": "t:1", "none": "", "": "S:3 s s-1 s: s:1 s:1:1 s:2 t:1",
	} {
		t.wait(func() error {
			if got := strings.Join(t.listAll(prefix, 100), " "); got != want {
				return fmt.Errorf("listing %q: got %q, want %q", prefix, got, want)
			}
			return nil
		})
	}
	if err := t.Delete(context.Background(), "t:1"); err != nil {
		t.Fatal(err)
	}
	t.wait(func() error {
		if got := t.listAll("t:", 100); len(got) > 0 {
			return fmt.Errorf("listing after a deletion: %q", got)
		}
		return nil
	})
}

func (t *kvTest) pages() {
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("p:%02d", i)
		want = append(want, key)
		t.put(key, "v")
		t.put("q:"+strconv.Itoa(i), "v")
	}
	for _, limit := range []int{1, 7, 25, 26} {
		t.wait(func() error {
			if got := t.listAll("p:", limit); !slices.Equal(got, want) {
				return fmt.Errorf("listing by %d: got %d keys %q", limit, len(got), got)
			}
			return nil
		})
	}
}
