package introspection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/secret"
)

func TestParallelRequestsWithANewTokenCauseOneCall(t *testing.T) {
	for name, c := range map[string]struct {
		cap    time.Duration
		answer map[string]any
	}{
		"valid":             {DefaultCap, nil},
		"inactive":          {DefaultCap, map[string]any{"active": false}},
		"nothing is cached": {0, nil},
		"nonsense":          {DefaultCap, map[string]any{"active": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newIssuer()
				f.change(c.answer)
				f.hold = func(*http.Request) error { time.Sleep(time.Second); return nil }
				i := f.introspector(func(o *Options) { o.Cap = c.cap })
				var wg sync.WaitGroup
				kinds := make([]string, 1000)
				for n := range kinds {
					wg.Go(func() {
						_, err := i.Introspect(t.Context(), token)
						kinds[n] = kindOf(err)
					})
				}
				wg.Wait()
				if f.calls() != 1 {
					t.Errorf("%d calls", f.calls())
				}
				for _, kind := range kinds {
					if kind != kinds[0] {
						t.Fatalf("answers differ: %q and %q", kinds[0], kind)
					}
				}
			})
		})
	}
}

func TestParallelRequestsWithTwentyTokensCauseOneCallEach(t *testing.T) {
	f := newIssuer()
	i := f.introspector(nil)
	var wg sync.WaitGroup
	for n := range 1000 {
		wg.Go(func() {
			if _, err := i.Introspect(context.Background(), secret.New(string(rune('a'+n%20)))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if f.calls() != 20 {
		t.Errorf("%d calls", f.calls())
	}
}

func TestALeaderThatGoesAwayHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuer()
		f.hold = func(r *http.Request) error {
			select {
			case <-r.Context().Done():
				return r.Context().Err()
			case <-time.After(time.Second):
				return nil
			}
		}
		i := f.introspector(nil)
		leader, goAway := context.WithCancel(t.Context())
		go func() {
			if _, err := i.Introspect(leader, token); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("the leader got %v", err)
			}
		}()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if result, err := i.Introspect(t.Context(), token); err != nil || result.Identity.Subject != "alice" {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		goAway()
		wg.Wait()
		if f.calls() != 2 {
			t.Errorf("%d calls", f.calls())
		}
	})
}

func TestWhoCannotWaitIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuer()
		f.hold = func(*http.Request) error { time.Sleep(time.Minute); return nil }
		i := f.introspector(func(o *Options) { o.Egress.Timeout = time.Hour })
		go func() { _, _ = i.Introspect(t.Context(), token) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := i.Introspect(ctx, token); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Minute)
	})
}

func TestQuestionsUnderWayAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuer()
		i := f.introspector(nil)
		if _, err := i.Introspect(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		f.hold = func(*http.Request) error { time.Sleep(time.Second); return nil }
		for n := range maxFlights {
			go func() { _, _ = i.Introspect(t.Context(), secret.New(fmt.Sprint("slow", n))) }()
		}
		synctest.Wait()
		if _, err := i.Introspect(t.Context(), secret.New("~")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("one more: %v", err)
		}
		if _, err := i.Introspect(t.Context(), token); err != nil {
			t.Errorf("one that is cached: %v", err)
		}
		time.Sleep(time.Second)
	})
}

// hanging is a store that ignores contexts.
type hanging struct{}

func (hanging) Get(context.Context, string) ([]byte, error) { time.Sleep(time.Hour); return nil, nil }
func (hanging) Put(context.Context, string, []byte, time.Time) error {
	time.Sleep(time.Hour)
	return nil
}
func (hanging) Delete(context.Context, string) error { time.Sleep(time.Hour); return nil }

func TestAStoreThatHangsDelaysForABoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuer()
		f.driver = hanging{}
		i := f.introspector(nil)
		began := time.Now()
		if _, err := i.Introspect(t.Context(), token); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*storeWait {
			t.Errorf("took %v", took)
		}
		time.Sleep(2 * time.Hour)
	})
}
