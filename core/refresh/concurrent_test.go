package refresh_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/refresh"
	"gatehouse/core/seal"
)

// 200 requests at the moment of expiry, in one process and in ten that share a store:
// one redemption, and everybody has a token. Time is virtual, so the redemption takes
// as long as it takes while everybody else comes.
func TestOneRedemptionHoweverManyWantIt(t *testing.T) {
	keys, err := seal.NewKeyring([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                string
		driver              func() kv.Driver
		processes, requests int
		since               time.Duration
		took                time.Duration
	}{
		{"one process", func() kv.Driver { return &kv.Memory{} }, 1, 200, time.Hour, 5 * time.Second},
		{"one process, plain writes", func() kv.Driver { return plain{&kv.Memory{}} }, 1, 200, time.Hour, 5 * time.Second},
		{"ten processes", func() kv.Driver { return &kv.Memory{} }, 10, 20, time.Hour, 5 * time.Second},
		{"ten processes, in the margin", func() kv.Driver { return &kv.Memory{} }, 10, 20, 59*time.Minute + time.Second, 5 * time.Second},
		{"ten processes, as slow as may be", func() kv.Driver { return &kv.Memory{} }, 10, 20, time.Hour, 10*time.Second - 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 50 {
				synctest.Test(t, func(t *testing.T) {
					i := &issuer{now: time.Now, life: time.Hour}
					i.before = func() error { time.Sleep(c.took); return nil }
					driver := c.driver()
					var processes []*refresh.Keeper
					for range c.processes {
						processes = append(processes, refresh.New(refresh.Options{Store: kv.NewStore(driver, keys, time.Now), Use: use, Now: time.Now}))
					}
					if _, err := processes[0].Begin(t.Context(), ref, i.first(), time.Now().Add(24*time.Hour)); err != nil {
						t.Fatal(err)
					}
					time.Sleep(c.since)
					var wg sync.WaitGroup
					var mu sync.Mutex
					seen := map[string]int{}
					for _, k := range processes {
						for range c.requests {
							wg.Go(func() {
								r, err := k.Load(t.Context(), ref)
								if err == nil {
									r, err = k.Fresh(t.Context(), r, i)
								}
								if err != nil {
									t.Error(err)
									return
								}
								mu.Lock()
								defer mu.Unlock()
								seen[r.Access.Reveal()]++
							})
						}
					}
					wg.Wait()
					if i.count() != 1 || i.revoked {
						t.Errorf("%d redemptions", i.count())
					}
					if old := seen["access-0"]; c.since == time.Hour && old > 0 || seen["access-1"]+old != c.processes*c.requests {
						t.Errorf("answers: %v", seen)
					}
				})
			}
		})
	}
}

// Records do not wait for each other, and a process under load goes on.
func TestManyRecordsAtOnce(t *testing.T) {
	keys, err := seal.NewKeyring([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		k := refresh.New(refresh.Options{Store: kv.NewStore(&kv.Memory{}, keys, time.Now), Use: use, Now: time.Now})
		var wg sync.WaitGroup
		for n := range 500 {
			i := &issuer{now: time.Now, life: time.Hour}
			i.before = func() error { time.Sleep(time.Second); return nil }
			name := "record-" + strconv.Itoa(n)
			begun, err := k.Begin(t.Context(), name, i.first(), time.Now().Add(24*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				time.Sleep(time.Hour)
				if r, err := k.Fresh(context.Background(), begun, i); err != nil || r.Generation != 1 {
					t.Errorf("got %+v, %v", r, err)
				}
			})
		}
		began := time.Now()
		wg.Wait()
		if d := time.Since(began); d != time.Hour+time.Second {
			t.Errorf("took %v", d)
		}
	})
}
