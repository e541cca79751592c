package egress_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/egress"
)

// A body arrives while the rest of it is not there yet.
func TestAStreamIsReadAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, w := io.Pipe()
		c := testClient(transport(func(*http.Request) (*http.Response, error) { return answer(206, body), nil }))
		res, err := c.Stream(t.Context(), get(t), time.Minute, 100)
		if err != nil || res.StatusCode != 206 || res.Header.Get("X-Test") != "1" {
			t.Fatalf("got %v, %v", res, err)
		}
		for _, part := range []string{"one", "two"} {
			if _, err := io.WriteString(w, part); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 3)
			if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != part {
				t.Errorf("read %q, %v", got, err)
			}
		}
		_ = w.Close()
		if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
			t.Errorf("rest %q, %v", rest, err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	for _, size := range []int{0, 1, 4999, 5000, 5001, 10000} {
		read := 0
		c := testClient(transport(func(*http.Request) (*http.Response, error) {
			res := answer(200, &drip{left: size, read: &read})
			res.ContentLength = -1
			return res, nil
		}))
		res, err := c.Stream(t.Context(), get(t), time.Minute, 5000)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if len(body) != min(size, 5000) || (size > 5000) != errors.Is(err, egress.ErrTooLarge) || size <= 5000 && err != nil || read > 5001 {
			t.Errorf("%d bytes: got %d, %v, after %d bytes", size, len(body), err, read)
		}
		_ = res.Body.Close()
	}
	closed := make(chan struct{})
	c := testClient(transport(func(*http.Request) (*http.Response, error) {
		res := answer(200, nil)
		res.ContentLength, res.Body = 5001, &closing{Reader: strings.NewReader("x"), closed: closed}
		return res, nil
	}))
	if _, err := c.Stream(t.Context(), get(t), time.Minute, 5000); !errors.Is(err, egress.ErrTooLarge) {
		t.Errorf("an announced size: %v", err)
	}
	<-closed
}

func TestAStreamEndsInTime(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
	dripping := func(r *http.Request) (*http.Response, error) {
		return answer(200, &drip{every: time.Second, left: 1000}), nil
	}
	for _, c := range []struct {
		name      string
		transport transport
		header    bool
		want      error
		after     time.Duration
	}{
		{"no header", hang, false, context.DeadlineExceeded, 5 * time.Second},
		{"a dripping body", dripping, true, context.DeadlineExceeded, 20 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				res, err := testClient(c.transport).Stream(t.Context(), get(t), 20*time.Second, 1000)
				if c.header {
					if err != nil {
						t.Fatal(err)
					}
					_, err = io.ReadAll(res.Body)
				}
				if !errors.Is(err, c.want) || time.Since(began) != c.after {
					t.Errorf("got %v after %v", err, time.Since(began))
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestClosingAStreamEndsTheExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		c := testClient(transport(func(r *http.Request) (*http.Response, error) {
			res := answer(200, nil)
			res.Body = &closing{Reader: io.MultiReader(strings.NewReader("first"), &drip{every: time.Second, left: 1000}), closed: closed}
			return res, nil
		}))
		res, err := c.Stream(t.Context(), get(t), time.Hour, 5000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, 5)); err != nil {
			t.Error(err)
		}
		_ = res.Body.Close()
		<-closed
		if _, err := res.Body.Read(make([]byte, 1)); err == nil {
			t.Error("a closed body is read")
		}
	})
}

// A transport that ignores contexts holds nobody, and is not asked without bound.
func TestStreamsThatDoNotEndAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var asked atomic.Int32
		c := testClient(transport(func(*http.Request) (*http.Response, error) {
			if asked.Add(1)%2 == 0 {
				<-release
			}
			return answer(200, blocked(release)), nil
		}))
		for range 64 {
			res, err := c.Stream(t.Context(), get(t), 10*time.Second, 10)
			if err == nil {
				_, err = io.ReadAll(res.Body)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if _, err := c.Stream(t.Context(), get(t), time.Second, 10); !errors.Is(err, egress.ErrStuck) {
			t.Errorf("got %v", err)
		}
		close(release)
		synctest.Wait()
		if res, err := c.Stream(t.Context(), get(t), time.Second, 10); err != nil {
			t.Errorf("after they ended: %v", err)
		} else {
			_ = res.Body.Close()
		}
		synctest.Wait()
	})
}

// blocked is a body that has nothing until it is closed.
type blocked chan struct{}

func (b blocked) Read([]byte) (int, error) { <-b; return 0, io.EOF }

func TestWhatGoesWrongInAStream(t *testing.T) {
	cause := errors.New("reset of https://issuer.example/token?secret=in-query")
	for name, c := range map[string]struct {
		transport transport
		want      error
	}{
		"no answer":   {func(*http.Request) (*http.Response, error) { return nil, cause }, cause},
		"nothing":     {func(*http.Request) (*http.Response, error) { return nil, nil }, nil},
		"panic":       {func(*http.Request) (*http.Response, error) { panic("secret=in-query") }, nil},
		"in the body": {func(*http.Request) (*http.Response, error) { return answer(200, &failing{cause}), nil }, cause},
		"after the limit": {func(*http.Request) (*http.Response, error) {
			return answer(200, io.MultiReader(strings.NewReader("0123456789"), &failing{cause})), nil
		}, cause},
		"panic in the body": {func(*http.Request) (*http.Response, error) {
			return answer(200, io.MultiReader(bytes.NewReader([]byte("x")), panicking{})), nil
		}, nil},
	} {
		res, err := testClient(c.transport).Stream(t.Context(), get(t), time.Minute, 10)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) || strings.Contains(err.Error(), "in-query") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := testClient(refusing{t})
	r := get(t)
	r.URL.Host = "evil.example"
	if _, err := c.Stream(t.Context(), r, time.Minute, 10); !errors.Is(err, egress.ErrHost) {
		t.Errorf("another host: %v", err)
	}
}
