package cloudflare

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/conformance"
	"gatehouse/core/kv"
)

// platformStore is KV and a class of Durable Objects as their documentation says.
type platformStore struct {
	mu      sync.Mutex
	now     time.Time
	records map[string]stored
	puts    []operation // to KV
	// refuse is how many of the next writes to KV come too early.
	refuse int
}

type stored struct {
	value  []byte
	expiry time.Time
}

func newPlatformStore() *platformStore {
	return &platformStore{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), records: map[string]stored{}}
}

func (s *platformStore) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *platformStore) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *platformStore) live(key string) []byte {
	if r, ok := s.records[key]; ok && s.now.Before(r.expiry) {
		return bytes.Clone(r.value)
	}
	return nil // JavaScript's null
}

// serve does an operation as store.mjs would.
func (s *platformStore) serve(o operation) (reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, more, _ := strings.Cut(o.text, separator)
	value := bytes.Clone(o.data)
	milliseconds, _ := strconv.ParseInt(more, 10, 64)
	switch o.kind {
	case "kv-get", "object-get":
		return reply{data: s.live(key)}, true
	case "kv-put":
		s.puts = append(s.puts, o)
		switch {
		case len(key) > 512 || key == "." || key == "..":
			return reply{failure: "failed:KV PUT failed: 414 UTF-8 encoded length or name of key"}, true
		case o.number < 60:
			return reply{failure: "failed:KV PUT failed: 400 Invalid expiration_ttl"}, true
		case s.refuse > 0:
			s.refuse--
			return reply{failure: "busy:KV PUT failed: 429 Too Many Requests"}, true
		}
		s.records[key] = stored{value, s.now.Add(time.Duration(o.number) * time.Second)}
	case "kv-delete", "object-delete":
		delete(s.records, key)
	case "object-put":
		s.records[key] = stored{value, time.UnixMilli(milliseconds)}
	case "object-swap":
		present, expected := s.live(key), value[:max(o.number, 0)]
		if (present == nil) != (o.number < 0) || !bytes.Equal(present, expected) {
			return reply{number: 0}, true
		}
		s.records[key] = stored{value[len(expected):], time.UnixMilli(milliseconds)}
		return reply{number: 1}, true
	default:
		return reply{failure: "failed:unknown operation"}, true
	}
	return reply{}, true
}

func TestKVNamespace(t *testing.T) {
	var store *platformStore
	conformance.TestKV(t, func(t testing.TB) kv.Driver {
		store = newPlatformStore()
		p := newPump(t, 1)
		p.serve = store.serve
		return namespace{p.bridge, store.clock}
	}, conformance.KVOptions{Advance: func(d time.Duration) { store.advance(d) }, Now: func() time.Time { return store.clock() }})
}

func TestKVObjects(t *testing.T) {
	var store *platformStore
	conformance.TestKV(t, func(t testing.TB) kv.Driver {
		store = newPlatformStore()
		p := newPump(t, 1)
		p.serve = store.serve
		return objects{p.bridge}
	}, conformance.KVOptions{Advance: func(d time.Duration) { store.advance(d) }, Now: func() time.Time { return store.clock() }})
}

func TestLifetimesAreRoundedUp(t *testing.T) {
	for _, test := range []struct {
		life time.Duration
		want int
	}{
		{-time.Hour, 60}, {0, 60}, {time.Second, 60}, {time.Minute, 60}, {time.Minute + 1, 61}, {90 * time.Second, 90}, {14 * 24 * time.Hour, 1209600},
	} {
		if got := seconds(test.life); got != test.want {
			t.Errorf("%v: %d seconds, want %d", test.life, got, test.want)
		}
	}
}

func TestASecondWriteWithinASecondIsTriedOnceMore(t *testing.T) {
	for refused, want := range []error{nil, nil, ErrTooManyWrites} {
		synctest.Test(t, func(t *testing.T) {
			store := newPlatformStore()
			store.refuse = refused
			p := newPump(t, 1)
			p.serve = store.serve
			began := time.Now()
			err := namespace{p.bridge, store.clock}.Put(t.Context(), "a", []byte("v"), store.clock().Add(time.Hour))
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%d refused: %v", refused, err)
			}
			if waited := time.Since(began); waited != min(time.Duration(refused), 1)*writeInterval {
				t.Errorf("%d refused: waited %v", refused, waited)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		store := newPlatformStore()
		store.refuse = 1
		p := newPump(t, 1)
		p.serve = store.serve
		ctx, cancel := context.WithTimeout(t.Context(), writeInterval/2)
		defer cancel()
		if err := (namespace{p.bridge, store.clock}).Put(ctx, "a", []byte("v"), store.clock().Add(time.Hour)); !errors.Is(err, ErrTooManyWrites) {
			t.Errorf("without time for it: %v", err)
		}
	})
}

func TestStoreErrorsAreNoMisses(t *testing.T) {
	p := newPump(t, 1)
	p.serve = func(operation) (reply, bool) { return reply{failure: "failed:KV GET failed: 500"}, true }
	for _, driver := range []kv.Driver{namespace{p.bridge, time.Now}, objects{p.bridge}} {
		if v, err := driver.Get(t.Context(), "a"); err == nil || errors.Is(err, kv.ErrNotFound) || v != nil {
			t.Errorf("got %q, %v", v, err)
		}
	}
	if err := (objects{p.bridge}).Swap(t.Context(), "a", nil, []byte("v"), time.Now()); err == nil || errors.Is(err, kv.ErrConflict) {
		t.Errorf("swap: %v", err)
	}
}
