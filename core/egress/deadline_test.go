package egress_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/egress"
)

func TestTheDeadlineHoldsAgainstATransportThatIgnoresIt(t *testing.T) {
	release := make(chan struct{})
	ended := make(chan struct{}, 3)
	hang := transport(func(*http.Request) (*http.Response, error) {
		<-release
		ended <- struct{}{}
		return answer(200, strings.NewReader("late")), nil
	})
	c := testClient(hang)
	c.Timeout = 20 * time.Millisecond
	began := time.Now()
	if a, err := c.Do(t.Context(), get(t)); a != nil || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "in-query") {
		t.Errorf("got %v, %v", a, err)
	}
	c.Timeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, get(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's deadline: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.Do(ctx, get(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller's cancellation: %v", err)
	}
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("it took %v", d)
	}
	close(release)
	for range 3 {
		<-ended
	}
}

func TestABodyThatDripsIsGivenUp(t *testing.T) {
	closed := make(chan struct{})
	c := testClient(transport(func(*http.Request) (*http.Response, error) {
		res := answer(200, nil)
		res.Body = &closing{Reader: &drip{every: 5 * time.Millisecond, left: 1 << 19}, closed: closed}
		return res, nil
	}))
	c.Timeout = 50 * time.Millisecond
	if a, err := c.Do(t.Context(), get(t)); a != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, %v", a, err)
	}
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Error("the body is still being read")
	}
}

type closing struct {
	io.Reader
	closed chan struct{}
}

func (c *closing) Close() error { close(c.closed); return nil }

func TestExchangesThatDoNotEndAreBounded(t *testing.T) {
	for _, c := range []struct {
		name    string
		pause   time.Duration // after 64 that do not end
		refused int           // of 136 further ones
		most    int32         // under way
	}{
		{"they are given a second to end", 0, 0, 200},
		{"and no longer", time.Second, 136, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				var asked, ended atomic.Int32
				client := testClient(transport(func(*http.Request) (*http.Response, error) {
					asked.Add(1)
					<-release
					ended.Add(1)
					return answer(200, strings.NewReader("x")), nil
				}))
				client.Timeout = time.Millisecond
				refused := 0
				for n := range 200 {
					if n == 64 {
						time.Sleep(c.pause)
					}
					if _, err := client.Do(t.Context(), get(t)); errors.Is(err, egress.ErrStuck) {
						refused++
					}
				}
				if refused != c.refused || asked.Load() != c.most {
					t.Errorf("%d refused, %d asked", refused, asked.Load())
				}
				time.Sleep(time.Second)
				if _, err := client.Do(t.Context(), get(t)); !errors.Is(err, egress.ErrStuck) {
					t.Errorf("a second later: %v", err)
				}
				close(release)
				synctest.Wait()
				if ended.Load() != asked.Load() {
					t.Errorf("%d of %d ended", ended.Load(), asked.Load())
				}
				if _, err := client.Do(t.Context(), get(t)); err != nil {
					t.Errorf("after they ended: %v", err)
				}
			})
		})
	}
}

func TestExchangesThatDoNotEndAreBoundedAtOnceToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		client := testClient(transport(func(*http.Request) (*http.Response, error) {
			<-release
			return answer(200, strings.NewReader("x")), nil
		}))
		ctx, leave := context.WithCancel(t.Context())
		for range 1024 {
			go func() { _, _ = client.Do(ctx, get(t)) }()
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		if _, err := client.Do(t.Context(), get(t)); !errors.Is(err, egress.ErrStuck) {
			t.Errorf("got %v", err)
		}
		close(release)
		synctest.Wait()
		if _, err := client.Do(t.Context(), get(t)); err != nil {
			t.Errorf("after they ended: %v", err)
		}
	})
}

// Many requests may end at once, as when one client goes away: nobody else suffers.
func TestRequestsGivenUpAtOnceFailNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := testClient(transport(func(r *http.Request) (*http.Response, error) {
			if r.Context().Value(leaver{}) != nil {
				<-r.Context().Done()
				time.Sleep(10 * time.Millisecond) // as a transport takes to clean up
				return nil, r.Context().Err()
			}
			return answer(200, strings.NewReader("x")), nil
		}))
		ctx, leave := context.WithCancel(context.WithValue(t.Context(), leaver{}, true))
		for range 512 {
			go func() { _, _ = client.Do(ctx, get(t)) }()
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		if _, err := client.Do(t.Context(), get(t)); err != nil {
			t.Errorf("another request: %v", err)
		}
		time.Sleep(time.Second)
	})
}

type leaver struct{}

func TestATransportThatPanicsIsAnError(t *testing.T) {
	for name, f := range map[string]transport{
		"panic":     func(*http.Request) (*http.Response, error) { panic("secret") },
		"no answer": func(*http.Request) (*http.Response, error) { return nil, nil },
		"panic in the body": func(*http.Request) (*http.Response, error) {
			return answer(200, io.MultiReader(bytes.NewReader([]byte("x")), panicking{})), nil
		},
	} {
		a, err := testClient(f).Do(t.Context(), get(t))
		if a != nil || err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, %v", name, a, err)
		}
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("secret") }

func TestConcurrentUse(t *testing.T) {
	c := testClient(transport(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("X-Slow") != "" {
			time.Sleep(3 * time.Millisecond)
		}
		return answer(200, strings.NewReader("x")), nil
	}))
	c.Timeout = 3 * time.Millisecond
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 50 {
				r, _ := http.NewRequest(http.MethodGet, "https://issuer.example/", nil)
				if i%2 == 0 {
					r.Header.Set("X-Slow", "1")
				}
				if a, err := c.Do(context.Background(), r); (a == nil) == (err == nil) {
					t.Errorf("got %v, %v", a, err)
				}
			}
		})
	}
	wg.Wait()
	// Whoever lost the race against the deadline, nothing counts as stuck for ever.
	time.Sleep(50 * time.Millisecond)
	c.Timeout = time.Minute
	if _, err := c.Do(t.Context(), get(t)); err != nil {
		t.Errorf("got %v", err)
	}
}
