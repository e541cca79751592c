package conformance

import (
	"context"
	"slices"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// counter returns the driver's numbers, or ends the check.
func (t *kvTest) counter() kv.Counter {
	c, ok := t.Driver.(kv.Counter)
	if !ok {
		t.Skip("the driver is no kv.Counter")
	}
	return c
}

// count expects the numbers that counting an event of key returns.
func (t *kvTest) count(want []int64, life time.Duration, key string, others ...string) {
	t.Helper()
	got, err := t.counter().Count(context.Background(), key, t.o.Now().Add(life), others...)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Count(%q, others %q) = %d, %v; want %d", key, others, got, err, want)
	}
}

func (t *kvTest) counts() {
	t.count([]int64{1}, time.Hour, "a")
	t.count([]int64{2}, time.Hour, "a")
	t.count([]int64{1, 2}, time.Hour, "b", "a")
	t.count([]int64{2, 2, 0, 2}, time.Hour, "b", "a", "c", "a")
	t.count([]int64{1}, time.Hour, "c")
	if err := t.Delete(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	t.count([]int64{1}, time.Hour, "a")
}

func (t *kvTest) countsUntilExpiry() {
	t.counter()
	if t.o.Advance == nil {
		t.Skip("the store's clock cannot be moved")
	}
	t.count([]int64{1}, 2*time.Minute, "a")
	t.o.Advance(time.Minute)
	t.count([]int64{2}, 2*time.Minute, "a")
	t.o.Advance(90 * time.Second)
	t.count([]int64{1, 2}, time.Hour, "b", "a")
}

func (t *kvTest) countsAll() {
	c := t.counter()
	const workers, rounds = 6, 10
	seen := make(chan int64, workers*rounds)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				n, err := c.Count(context.Background(), "a", t.o.Now().Add(time.Hour))
				if err != nil || len(n) != 1 {
					t.Errorf("Count = %d, %v", n, err)
					return
				}
				seen <- n[0]
			}
		})
	}
	wg.Wait()
	close(seen)
	var numbers []int64
	for n := range seen {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	if len(slices.Compact(numbers)) != workers*rounds {
		t.Errorf("%d events counted at once give %d", workers*rounds, numbers)
	}
}
