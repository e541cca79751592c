package redisrest_test

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"gatehouse/conformance"
	"gatehouse/conformance/redisrest"
	"gatehouse/core/kv"
	"gatehouse/core/kv/rest"
	"gatehouse/core/secret"
)

// TestKVOverREST holds core/kv/rest to the contract, over a store whose clock moves and
// is ahead of the machine's. That Redis itself understands the commands is for
// conformance/runtimes to show.
func TestKVOverREST(t *testing.T) {
	var mu sync.Mutex
	at := time.Date(2031, 2, 3, 4, 5, 6, 789_123_456, time.UTC)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
	advance := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(d)
	}
	address, err := url.Parse("https://store.example/redis")
	if err != nil {
		t.Fatal(err)
	}
	conformance.TestKV(t, func(testing.TB) kv.Driver {
		front := &redisrest.Front{Token: "token", Commands: redisrest.Driver{KV: &kv.Memory{Now: now}, Now: now}}
		return rest.New(rest.Options{URL: address, Token: secret.New("token"), Transport: front, Now: now})
	}, conformance.KVOptions{Now: now, Advance: advance})
}
