package native

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/core/platform"
)

func TestForwardWebSocket(t *testing.T) {
	gone := make(chan struct{}, 10)
	echo := func(w http.ResponseWriter, r *http.Request) {
		defer func() { gone <- struct{}{} }()
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, data) != nil {
				return
			}
		}
	}
	dial := func(t *testing.T, f *front) *websocket.Conn {
		t.Helper()
		c, res, err := websocket.Dial(t.Context(), f.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("X-Edited") != "101" {
			t.Errorf("the upgrade's header was not edited: %v", res.Header)
		}
		if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, data, err := c.Read(t.Context()); err != nil || string(data) != "hello" {
			t.Fatalf("echo %q, %v", data, err)
		}
		return c
	}
	ended := func(t *testing.T, f *front) {
		t.Helper()
		select {
		case <-gone:
		case <-time.After(30 * time.Second):
			t.Error("the application's connection stays open")
		}
		if err := f.error(t); err != nil {
			t.Errorf("Forward returned %v after the header was out", err)
		}
	}
	t.Run("client closes", func(t *testing.T) {
		f := behind(t, echo)
		dial(t, f).Close(websocket.StatusNormalClosure, "")
		ended(t, f)
	})
	t.Run("client vanishes", func(t *testing.T) {
		f := behind(t, echo)
		dial(t, f).CloseNow()
		ended(t, f)
	})
	t.Run("forwarder closes", func(t *testing.T) {
		f := behind(t, echo)
		c := dial(t, f)
		f.forward.Close()
		if _, _, err := c.Read(t.Context()); err == nil {
			t.Error("the client's connection stays open")
		}
		ended(t, f)
	})
	t.Run("request's context ends", func(t *testing.T) {
		f := behind(t, echo)
		ctx, cancel := context.WithCancel(t.Context())
		inner := f.Config.Handler
		f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(w, r.WithContext(ctx)) })
		c := dial(t, f)
		cancel()
		if _, _, err := c.Read(t.Context()); err == nil {
			t.Error("the client's connection stays open")
		}
		ended(t, f)
	})
	t.Run("writer cannot be taken over", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(echo))
		defer app.Close()
		forward := NewForward(time.Second, discard)
		defer forward.Close()
		out := get(t, app.URL)
		out.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		err := forward.Forward(httptest.NewRecorder(), out, func(int, http.Header) {})
		if !errors.Is(err, platform.ErrUpgradeUnsupported) {
			t.Errorf("got %v, want ErrUpgradeUnsupported", err)
		}
	})
	t.Run("application declines", func(t *testing.T) {
		f := behind(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) })
		_, res, err := websocket.Dial(t.Context(), f.URL, nil)
		if err == nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("got %v, %v", res, err)
		}
		if err := f.error(t); err != nil {
			t.Error(err)
		}
	})
	t.Run("application switches unasked", func(t *testing.T) {
		f := behind(t, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
		})
		if res := do(t, get(t, f.URL)); res.StatusCode != http.StatusBadGateway || f.error(t) == nil {
			t.Errorf("%s", res.Status)
		}
		if f.edits.Load() != 0 {
			t.Error("edit was called for an answer that was refused")
		}
	})
}
