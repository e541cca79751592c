package syumai

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// writer is the library's: it takes any status, again and again, and has nobody who
// reads what is written to an answer without a body.
type writer struct {
	*httptest.ResponseRecorder
	status []int
}

func (w *writer) WriteHeader(status int) { w.status = append(w.status, status) }

func serveOne(method string, serve http.HandlerFunc) *writer {
	w := &writer{ResponseRecorder: httptest.NewRecorder()}
	r := &http.Request{Method: method, URL: &url.URL{Scheme: "https", Host: "a", Path: "/"}, Header: http.Header{}}
	handler(serve, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

func TestTheFirstFinalStatusCounts(t *testing.T) {
	w := serveOne("GET", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusTeapot)
	})
	if len(w.status) != 1 || w.status[0] != http.StatusAccepted {
		t.Errorf("status %d", w.status)
	}
}

func TestNothingIsWrittenWithoutABody(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int
		err    error
	}{
		{"HEAD", 200, nil}, {"GET", 204, http.ErrBodyNotAllowed}, {"GET", 304, http.ErrBodyNotAllowed},
	} {
		w := serveOne(tt.method, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4")
			w.WriteHeader(tt.status)
			if _, err := io.WriteString(w, "text"); !errors.Is(err, tt.err) {
				t.Errorf("%s, %d: %v", tt.method, tt.status, err)
			}
		})
		if w.Body.Len() > 0 || (w.Header().Get("Content-Length") == "") != bodiless(tt.status) {
			t.Errorf("%s, %d: %q, %v", tt.method, tt.status, w.Body, w.Header())
		}
	}
}

func TestAPanicIsAnswered(t *testing.T) {
	w := serveOne("GET", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Half", "done")
		panic("a secret reason")
	})
	if len(w.status) != 1 || w.status[0] < 500 || w.Header().Get("X-Half") != "" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("status %d, %v, %s", w.status, w.Header(), w.Body)
	}
	w = serveOne("GET", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	if w.Body.String() != "half" {
		t.Errorf("got %q", w.Body)
	}
}

func TestWorkInTheBackground(t *testing.T) {
	var extended []func()
	work := &tasks{extend: func(task func()) { extended = append(extended, task) }, log: slog.New(slog.DiscardHandler)}
	ran := false
	work.run(func(ctx context.Context) {
		_, ran = ctx.Deadline()
		panic("kept to itself")
	})
	extended[0]()
	work.all.Wait()
	if !ran {
		t.Error("work has no deadline")
	}
}
