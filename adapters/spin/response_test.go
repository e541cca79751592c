package spin

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestShortAnswersGetALength(t *testing.T) {
	t.Parallel()
	a := &fakeAnswer{}
	w := newResponse(a, "GET")
	w.Header().Set("Content-Type", "text/plain")
	w.Header()["Set-Cookie"] = []string{"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"}
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusTeapot)
	w.Header().Set("X-Late", "1")
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, "hel")
	io.WriteString(w, "lo")
	if a.status != 0 {
		t.Fatal("sent before the end")
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	if a.status != http.StatusTeapot || a.body.String() != "hello" || !a.finished || a.get("content-length") != "5" {
		t.Errorf("%d %v %q", a.status, a.fields, a.body.String())
	}
	if got := a.get("set-cookie"); got != "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT|b=2" {
		t.Errorf("cookies %q", got)
	}
	if want := []string{"content-length", "content-type", "set-cookie"}; !slices.Equal(a.names(), want) {
		t.Errorf("fields %v, want %v", a.names(), want)
	}
}

func TestLongAndFlushedAnswersStream(t *testing.T) {
	t.Parallel()
	a := &fakeAnswer{}
	w := newResponse(a, "GET")
	io.WriteString(w, "short")
	w.Flush()
	if a.body.String() != "short" || a.flushes != 1 || a.get("content-length") != "" {
		t.Errorf("flushed: %q, %d, %v", a.body.String(), a.flushes, a.fields)
	}
	a = &fakeAnswer{}
	w = newResponse(a, "GET")
	io.WriteString(w, "first")
	io.WriteString(w, strings.Repeat("x", maxHeld))
	if a.body.Len() != 5+maxHeld || a.get("content-length") != "" || a.finished {
		t.Errorf("long: %d bytes, %v", a.body.Len(), a.fields)
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		status int
		write  bool
		length string // that the handler sets
		want   string
	}{
		{"HEAD", 200, true, "", "5"},
		{"HEAD", 200, false, "", ""},
		{"HEAD", 200, false, "1234", "1234"},
		{"GET", 204, false, "0", ""},
		{"GET", 304, false, "1234", "1234"},
	} {
		a := &fakeAnswer{}
		w := newResponse(a, c.method)
		if c.length != "" {
			w.Header().Set("Content-Length", c.length)
		}
		w.WriteHeader(c.status)
		if c.write {
			io.WriteString(w, "hello")
		}
		if err := w.finish(); err != nil || a.withBody || a.get("content-length") != c.want {
			t.Errorf("%s %d: body %v, length %q, want %q, %v", c.method, c.status, a.withBody, a.get("content-length"), c.want, err)
		}
	}
	w := newResponse(&fakeAnswer{}, "GET")
	w.WriteHeader(204)
	if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
		t.Errorf("a body in 204: %v", err)
	}
}

func TestAnswerThatBreaks(t *testing.T) {
	t.Parallel()
	a := &fakeAnswer{refuse: errors.New("client is gone")}
	w := newResponse(a, "GET")
	w.Flush()
	if _, err := io.WriteString(w, "x"); !errors.Is(err, a.refuse) {
		t.Errorf("writing to nobody: %v", err)
	}
	if err := w.finish(); !errors.Is(err, a.refuse) || !a.aborted || a.finished {
		t.Errorf("%v, aborted %v, finished %v", err, a.aborted, a.finished)
	}
}

func TestEmptyAnswer(t *testing.T) {
	t.Parallel()
	a := &fakeAnswer{}
	if err := newResponse(a, "GET").finish(); err != nil || a.status != 200 || a.get("content-length") != "0" || !a.finished {
		t.Errorf("%v, %+v", err, a)
	}
	a = &fakeAnswer{}
	w := newResponse(a, "GET")
	w.WriteHeader(http.StatusEarlyHints)
	if w.finish(); a.status != 200 {
		t.Errorf("an informational status ends as %d", a.status)
	}
}
