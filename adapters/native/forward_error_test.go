package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/core/platform"
	"gatehouse/internal/freeport"
)

func TestForwardErrorsBeforeTheHeader(t *testing.T) {
	t.Run("application refuses connections", func(t *testing.T) {
		port, err := freeport.Choose()
		if err != nil {
			t.Fatal(err)
		}
		f := newFront(t, "http://127.0.0.1:"+port, time.Second)
		res := do(t, get(t, f.URL))
		err = f.error(t)
		if err == nil || errors.Is(err, platform.ErrTimeout) || errors.Is(err, platform.ErrRequestBody) {
			t.Errorf("got %v, want a plain error", err)
		}
		if f.edits.Load() != 0 {
			t.Error("edit was called without an answer")
		}
		if res.StatusCode != http.StatusBadGateway || res.Header.Get("X-Preset") != "yes" {
			t.Errorf("the caller could not answer: %s %v", res.Status, res.Header)
		}
	})
	t.Run("application is too slow", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer app.Close()
		f := newFront(t, app.URL, 50*time.Millisecond)
		do(t, get(t, f.URL))
		if err := f.error(t); !errors.Is(err, platform.ErrTimeout) {
			t.Errorf("got %v, want ErrTimeout", err)
		}
	})
	t.Run("client breaks its body", func(t *testing.T) {
		f := behind(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
		conn, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
		defer conn.Close()
		if err := f.error(t); !errors.Is(err, platform.ErrRequestBody) {
			t.Errorf("got %v, want ErrRequestBody", err)
		}
	})
	t.Run("body exceeds a limit", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
		defer app.Close()
		forward := NewForward(time.Second, discard)
		defer forward.Close()
		w := httptest.NewRecorder()
		out, _ := http.NewRequest(http.MethodPost, app.URL, nil)
		out.Body = http.MaxBytesReader(w, io.NopCloser(strings.NewReader("too much")), 3)
		out.ContentLength = -1
		err := forward.Forward(w, out, func(int, http.Header) {})
		var limit *http.MaxBytesError
		if !errors.Is(err, platform.ErrRequestBody) || !errors.As(err, &limit) {
			t.Errorf("got %v, want ErrRequestBody around MaxBytesError", err)
		}
	})
	t.Run("context ends", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer app.Close()
		forward := NewForward(time.Minute, discard)
		defer forward.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		err := forward.Forward(httptest.NewRecorder(), get(t, app.URL).WithContext(ctx), func(int, http.Header) {})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

func TestForwardBreaksTheAnswerOffWhenTheApplicationDoes(t *testing.T) {
	for _, header := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
		t.Run(header, func(t *testing.T) {
			f := behind(t, func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s\r\n\r\n5\r\nhello\r\n", header)
				conn.Close()
			})
			res, err := http.DefaultTransport.RoundTrip(get(t, f.URL))
			if err != nil {
				return // nothing of the answer was flushed yet
			}
			defer res.Body.Close()
			if data, err := io.ReadAll(res.Body); err == nil {
				t.Errorf("the client took %q for a whole answer", data)
			}
		})
	}
}
