package spin

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"gatehouse/conformance"
	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// fakeStore is a store of Spin's that counts how often it is open.
type fakeStore struct {
	mu     sync.Mutex
	values map[string][]byte
	opened int
	open   int
	err    error
}

func (f *fakeStore) driver() *keyValue {
	return &keyValue{open: func() (KeyValue, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.err != nil {
			return nil, f.err
		}
		f.opened++
		f.open++
		return f, nil
	}}
}

func (f *fakeStore) Get(key string) ([]byte, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	value, ok := f.values[key]
	return append([]byte(nil), value...), ok, f.err
}

func (f *fakeStore) Set(key string, value []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.values == nil {
		f.values = map[string][]byte{}
	}
	f.values[key] = append([]byte(nil), value...)
	return f.err
}

func (f *fakeStore) Delete(key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.values, key)
	return f.err
}

func (f *fakeStore) Keys() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var keys []string
	for key := range f.values {
		keys = append(keys, key)
	}
	return keys, f.err
}

func (f *fakeStore) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
	return nil
}

func TestKeyValueConforms(t *testing.T) {
	t.Parallel()
	conformance.TestKV(t, func(testing.TB) kv.Driver { return new(fakeStore).driver() }, conformance.KVOptions{})
}

func TestStoreIsOpenedOnceAndClosed(t *testing.T) {
	t.Parallel()
	f := &fakeStore{}
	d := f.driver()
	d.release()
	ctx := context.Background()
	if _, err := d.Get(ctx, "k"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("a missing key: %v", err)
	}
	if err := errors.Join(d.Put(ctx, "k", []byte("v"), time.Time{}), d.Delete(ctx, "k")); err != nil || f.opened != 1 || f.open != 1 {
		t.Errorf("%v, opened %d, open %d", err, f.opened, f.open)
	}
	d.release()
	d.release()
	if f.open != 0 {
		t.Errorf("%d stores stay open", f.open)
	}
	f.values = map[string][]byte{"empty": {}}
	if _, err := d.Get(ctx, "empty"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("an empty value: %v", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if err := d.Delete(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
	f = &fakeStore{err: errors.New("denied")}
	if _, err := f.driver().Get(context.Background(), "k"); !errors.Is(err, f.err) {
		t.Errorf("a store that does not open: %v", err)
	}
}

// envelope is a stored record that expires at expiry, as far as a sweep looks.
func envelope(expiry time.Time) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{1}, uint64(expiry.UnixMilli())), "sealed"...)
}

func TestSweepDeletesWhatExpired(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := &fakeStore{values: map[string][]byte{
		"s:v1:old":     envelope(now.Add(-2 * time.Hour)),
		"i:v1:old":     envelope(now.Add(-2 * time.Hour)),
		"s:v1:margin":  envelope(now.Add(-time.Minute)),
		"s:v1:live":    envelope(now.Add(time.Hour)),
		"s:v1:strange": []byte("?"),
		"foreign":      envelope(now.Add(-2 * time.Hour)),
	}}
	got, err := sweep(context.Background(), f.driver(), now)
	if want := (swept{Examined: 5, Deleted: 2}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, key := range []string{"s:v1:margin", "s:v1:live", "s:v1:strange", "foreign"} {
		if f.values[key] == nil {
			t.Errorf("%s is gone", key)
		}
	}
	if len(f.values) != 4 {
		t.Errorf("%d records stay", len(f.values))
	}
}

func TestSweepIsBoundedAndGetsEverywhere(t *testing.T) {
	t.Parallel()
	now := time.Now()
	f := &fakeStore{values: map[string][]byte{}}
	for i := range maxSwept + 100 {
		f.values[fmt.Sprintf("s:v1:%04d", i)] = envelope(now.Add(-2 * time.Hour))
	}
	d := f.driver()
	got, err := sweep(context.Background(), d, now)
	if want := (swept{Examined: maxSwept, Deleted: maxSwept, Left: 100}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if got, err = sweep(context.Background(), d, now); err != nil || len(f.values) != 0 {
		t.Errorf("%+v, %v, %d records stay", got, err, len(f.values))
	}
}

func TestSweepRoute(t *testing.T) {
	t.Parallel()
	const token = "a token of thirty-two characters"
	f := &fakeStore{values: map[string][]byte{"s:v1:old": envelope(time.Now().Add(-2 * time.Hour))}}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h := sweeping(next, "/gate/api/sweep", secret.New(token), f.driver(), slog.New(slog.DiscardHandler))
	ask := func(method, path, authorization string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct {
		method, path, authorization string
		want                        int
	}{
		{"POST", "/api/sweep", "Bearer " + token, http.StatusTeapot},
		{"GET", "/gate/api/sweep", "Bearer " + token, http.StatusMethodNotAllowed},
		{"POST", "/gate/api/sweep", "", http.StatusUnauthorized},
		{"POST", "/gate/api/sweep", "Bearer ", http.StatusUnauthorized},
		{"POST", "/gate/api/sweep", "Bearer x" + token[1:], http.StatusUnauthorized},
		{"POST", "/gate/api/sweep", token, http.StatusUnauthorized},
	} {
		if w := ask(c.method, c.path, c.authorization); w.Code != c.want || len(f.values) != 1 {
			t.Errorf("%s %s with %q: %d, want %d; %d records", c.method, c.path, c.authorization, w.Code, c.want, len(f.values))
		}
	}
	w := ask("POST", "/gate/api/sweep", "Bearer "+token)
	var got swept
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Deleted != 1 || len(f.values) != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.err = errors.New("down")
	if w := ask("POST", "/gate/api/sweep", "Bearer "+token); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a store that is down: %d", w.Code)
	}
}
