package cloudflare

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"gatehouse/core/problem"
)

var (
	errClosed = errors.New("cloudflare: body is closed")
	errOver   = errors.New("cloudflare: answer is over")
)

// maxBuffer is how much of an answer is kept back so that it can go out at once, with
// its length.
const maxBuffer = 64 << 10

// answer is the response writer of one request. An answer that is small and never
// flushed goes out in one piece; a larger one streams. It is used by one goroutine at
// a time.
type answer struct {
	bridge  *bridge
	request *request
	header  http.Header
	head    bool

	status   int
	buffer   []byte
	sent     bool // the header is out
	streamed bool // the body follows in pieces
	over     bool
}

var _ http.Flusher = (*answer)(nil)

// Header implements http.ResponseWriter.
func (w *answer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter. Informational answers are dropped: the
// runtime cannot send them.
func (w *answer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
}

// bodiless reports whether the answer can have no body (RFC 9110, section 6.4.1).
func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

// Write implements http.ResponseWriter.
func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.over:
		return 0, errOver
	case bodiless(w.status):
		return 0, http.ErrBodyNotAllowed
	case w.streamed:
		return w.write(p)
	}
	if w.buffer = append(w.buffer, p...); len(w.buffer) > maxBuffer {
		if err := w.stream(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Flush implements http.Flusher.
func (w *answer) Flush() {
	w.WriteHeader(http.StatusOK)
	if !w.over && !w.streamed && !bodiless(w.status) && !w.head {
		_ = w.stream()
	}
}

func (w *answer) text() string { return join([]string{strconv.Itoa(w.status)}, w.header) }

// stream sends the header and what is kept back.
func (w *answer) stream() error {
	if w.head {
		return nil
	}
	w.sent, w.streamed = true, true
	w.bridge.tell(w.request, operation{kind: "stream", text: w.text()})
	kept := w.buffer
	w.buffer = nil
	if len(kept) == 0 {
		return nil
	}
	_, err := w.write(kept)
	return err
}

func (w *answer) write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if _, _, err := w.bridge.call(w.request.ctx, operation{kind: "write", data: p}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// finish ends the answer. The runtime adds the length of one that is sent at once;
// that of an answer to HEAD must be told.
func (w *answer) finish() {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.over:
	case w.streamed:
		w.bridge.tell(w.request, operation{kind: "close"})
	default:
		if w.head {
			if !bodiless(w.status) && w.header["Content-Length"] == nil {
				w.header["Content-Length"] = []string{strconv.Itoa(len(w.buffer))}
			}
			w.buffer = nil
		}
		w.bridge.tell(w.request, operation{kind: "respond", text: w.text(), data: w.buffer})
	}
	w.sent, w.over = true, true
}

// pass ends the answer with what the operation source fetched: its body or its
// WebSocket goes to the client without coming here. header is sent as it is.
func (w *answer) pass(status int, header http.Header, source int) {
	w.status, w.sent, w.over = status, true, true
	w.bridge.tell(w.request, operation{kind: "pass", number: source, text: join([]string{strconv.Itoa(status)}, header)})
}

// follow is pass for an answer that lasts: it returns when all of it has gone to the client,
// or breaks it off when ctx ends. The error says that it broke off.
func (w *answer) follow(ctx context.Context, status int, header http.Header, source int) error {
	w.status, w.sent, w.over = status, true, true
	_, _, err := w.bridge.call(ctx, operation{kind: "follow", number: source, text: join([]string{strconv.Itoa(status)}, header)})
	return err
}

// abort ends an answer that cannot be completed: the client sees that, or a problem
// if nothing went out yet.
func (w *answer) abort() {
	switch {
	case w.over:
	case w.sent:
		w.over = true
		w.bridge.tell(w.request, operation{kind: "abort"})
	default:
		w.status, w.buffer = 0, nil
		clear(w.header)
		problem.Internal.Write(w, false, "", nil)
		w.finish()
	}
}

// writerOf finds the answer behind the writers that a handler put around it.
func writerOf(w http.ResponseWriter) *answer {
	for {
		switch v := w.(type) {
		case *answer:
			return v
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return nil
		}
	}
}
