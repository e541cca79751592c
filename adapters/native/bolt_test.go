package native

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/core/kv"
)

func openTestBolt(t *testing.T, path string, now func() time.Time) *Bolt {
	t.Helper()
	b, err := OpenBolt(path, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestBoltKeepsRecordsWhenReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	b := openTestBolt(t, path, nil)
	if err := b.Put(t.Context(), "key", []byte("value"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(t.Context(), "key"); err == nil || errors.Is(err, kv.ErrNotFound) {
		t.Errorf("a closed store must not claim that a key is absent: %v", err)
	}
	if value, err := openTestBolt(t, path, nil).Get(t.Context(), "key"); err != nil || string(value) != "value" {
		t.Errorf("got %q, %v", value, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestBoltRefusesAFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	openTestBolt(t, path, nil)
	_, err := OpenBolt(path, nil)
	var hinted *hintedError
	if err == nil || !errors.As(err, &hinted) || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got %v", err)
	}
}

func TestBoltRefusesAnotherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a store ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := OpenBolt(path, nil)
	var hinted *hintedError
	if err == nil || !errors.As(err, &hinted) {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(path); !strings.HasPrefix(string(data), "not a store") {
		t.Error("the file was overwritten")
	}
}

// A record is never removed before its expiry: sub-millisecond parts are rounded up.
func TestBoltExpiry(t *testing.T) {
	now := time.Unix(1000, 0)
	b := openTestBolt(t, filepath.Join(t.TempDir(), "a.db"), func() time.Time { return now })
	expiry := now.Add(time.Second + time.Microsecond)
	if err := b.Put(t.Context(), "key", []byte("v"), expiry); err != nil {
		t.Fatal(err)
	}
	now = expiry.Add(-1)
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d early, %v", n, err)
	}
	if _, err := b.Get(t.Context(), "key"); err != nil {
		t.Errorf("before expiry: %v", err)
	}
	now = expiry.Add(time.Millisecond)
	if _, err := b.Get(t.Context(), "key"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("after expiry: %v", err)
	}
	if err := b.Swap(t.Context(), "key", nil, []byte("w"), now.Add(time.Hour)); err != nil {
		t.Errorf("an expired record stands in the way of a new one: %v", err)
	}
}

func TestBoltSweepsInBoundedSteps(t *testing.T) {
	now := time.Unix(1000, 0)
	b := openTestBolt(t, filepath.Join(t.TempDir(), "a.db"), func() time.Time { return now })
	const dead, live = 2*sweepDelete + 7, 150
	var writers sync.WaitGroup
	for i := range dead + live {
		writers.Go(func() {
			expiry := now.Add(time.Minute)
			if i >= dead {
				expiry = now.Add(time.Hour)
			}
			if err := b.Put(t.Context(), fmt.Sprintf("k%04d", i), []byte("v"), expiry); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	now = now.Add(2 * time.Minute)

	found, next, err := b.findExpired(nil)
	if err != nil || len(found) != sweepDelete || next == nil {
		t.Fatalf("one step found %d, next %q, %v", len(found), next, err)
	}
	// Written again after it was found: the removal must notice.
	if err := b.Put(t.Context(), string(found[0]), []byte("new"), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := b.removeExpired(found); n != sweepDelete-1 || err != nil {
		t.Errorf("one step removed %d, %v", n, err)
	}
	if n, err := b.Sweep(t.Context()); n != dead-sweepDelete || err != nil {
		t.Errorf("the rest: removed %d, %v", n, err)
	}
	keys, more, err := b.List(t.Context(), "k", "", 1000)
	if len(keys) != live+1 || more != "" || err != nil {
		t.Errorf("%d keys are left, next %q, %v", len(keys), more, err)
	}
}

func TestBoltSweepEndsWithItsContext(t *testing.T) {
	b := openTestBolt(t, filepath.Join(t.TempDir(), "a.db"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	end := inBackground(func(ctx context.Context) { b.sweepEvery(ctx, time.Millisecond, discard) })
	time.Sleep(5 * time.Millisecond)
	end()
}
