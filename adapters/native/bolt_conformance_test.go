package native_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gatehouse/adapters/native"
	"gatehouse/conformance"
	"gatehouse/core/kv"
)

func TestBoltConforms(t *testing.T) {
	var mu sync.Mutex
	ahead := time.Duration(0)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(ahead)
	}
	conformance.TestKV(t, func(t testing.TB) kv.Driver {
		b, err := native.OpenBolt(filepath.Join(t.TempDir(), "a.db"), now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}, conformance.KVOptions{Now: now, Advance: func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		ahead += d
	}})
}
