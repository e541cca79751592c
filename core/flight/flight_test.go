package flight

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallersAtTheSameTimeShareOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		var attempts, sum atomic.Int64
		failure := errors.New("failed")
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				v, err := g.Do(t.Context(), "k", func(context.Context) (int, error) {
					time.Sleep(time.Second)
					return int(attempts.Add(1)), failure
				})
				sum.Add(int64(v))
				if !errors.Is(err, failure) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if attempts.Load() != 1 || sum.Load() != 1000 || len(g.calls) != 0 {
			t.Errorf("%d attempts, sum %d, %d under way", attempts.Load(), sum.Load(), len(g.calls))
		}
	})
}

func TestALeaderThatGoesAwayHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string]
		attempt := func(name string) func(context.Context) (string, error) {
			return func(ctx context.Context) (string, error) {
				select {
				case <-ctx.Done():
					return "", ctx.Err()
				case <-time.After(time.Minute):
					return name, nil
				}
			}
		}
		leader, goAway := context.WithCancel(t.Context())
		go func() {
			if _, err := g.Do(leader, "k", attempt("first")); !errors.Is(err, context.Canceled) {
				t.Errorf("the leader got %v", err)
			}
		}()
		synctest.Wait()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() {
			if _, err := g.Do(impatient, "k", attempt("second")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who could not wait got %v", err)
			}
		}()
		results := make(chan string, 10)
		for range cap(results) {
			go func() {
				v, err := g.Do(t.Context(), "k", attempt("third"))
				if err != nil {
					t.Error(err)
				}
				results <- v
			}()
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
		goAway()
		for range cap(results) {
			if v := <-results; v != "third" {
				t.Errorf("got %q", v)
			}
		}
	})
}

func TestAPanicHandsOverToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		go func() {
			defer func() { _ = recover() }()
			_, _ = g.Do(t.Context(), "k", func(context.Context) (int, error) { time.Sleep(time.Second); panic("x") })
		}()
		synctest.Wait()
		if v, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func TestAttemptsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := Group[int]{Max: 2}
		slow := func(context.Context) (int, error) { time.Sleep(time.Second); return 1, nil }
		for _, key := range []string{"a", "b"} {
			go func() { _, _ = g.Do(t.Context(), key, slow) }()
		}
		synctest.Wait()
		if _, err := g.Do(t.Context(), "c", slow); !errors.Is(err, ErrFull) {
			t.Errorf("a third attempt: %v", err)
		}
		if v, err := g.Do(t.Context(), "a", slow); v != 1 || err != nil {
			t.Errorf("joining one under way: %d, %v", v, err)
		}
		time.Sleep(time.Second)
		if _, err := g.Do(t.Context(), "c", slow); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
