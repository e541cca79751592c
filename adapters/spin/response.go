package spin

import (
	"net/http"
	"strconv"

	"gatehouse/adapters/spin/wasi"
)

// maxHeld is how much of a body waits for its end, so that a short one gets a length.
const maxHeld = 4 << 10

// response is the writer of an answer. It is not safe for concurrent use.
type response struct {
	answer wasi.Answer
	head   bool // the request is a HEAD

	header http.Header
	status int         // 0 before WriteHeader
	sent   http.Header // header as it was then
	held   []byte
	begun  bool
	body   wasi.AnswerBody // nil when there is none
	// trailers follow the body.
	trailers []wasi.Field
	err      error
}

func newResponse(answer wasi.Answer, method string) *response {
	return &response{answer: answer, head: method == http.MethodHead, header: http.Header{}}
}

// Header implements [http.ResponseWriter].
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. Informational answers cannot be sent.
func (w *response) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status, w.sent = status, w.header.Clone()
}

// withoutBody reports whether nothing can follow the header.
func (w *response) withoutBody() bool {
	return w.head || w.status == http.StatusNoContent || w.status == http.StatusNotModified
}

// Write implements [http.ResponseWriter].
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.err != nil {
		return 0, w.err
	}
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if !w.begun {
		if len(w.held)+len(p) <= maxHeld {
			w.held = append(w.held, p...)
			return len(p), nil
		}
		if w.begin(); w.err != nil {
			return 0, w.err
		}
	}
	if w.body == nil {
		return len(p), nil
	}
	n, err := w.body.Write(p)
	w.err = err
	return n, err
}

// begin sends the header and what was held.
func (w *response) begin() {
	w.begun = true
	if w.status == http.StatusNoContent {
		w.sent.Del("Content-Length")
	}
	w.body, w.err = w.answer.Begin(w.status, fieldsOf(w.sent), !w.withoutBody())
	if w.err == nil && w.body != nil && len(w.held) > 0 {
		_, w.err = w.body.Write(w.held)
	}
	w.held = nil
}

// Flush implements [http.Flusher].
func (w *response) Flush() { _ = w.FlushError() }

// FlushError serves [http.ResponseController].
func (w *response) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if !w.begun {
		w.begin()
	}
	if w.err == nil && w.body != nil {
		w.err = w.body.Flush()
	}
	return w.err
}

// given notes that somebody else has given the answer, with this status.
func (w *response) given(status int) { w.status, w.begun = status, true }

// finish ends the answer. A body that was held whole gets its length.
func (w *response) finish() error {
	w.WriteHeader(http.StatusOK)
	if !w.begun {
		if w.sent["Content-Length"] == nil && !(w.withoutBody() && len(w.held) == 0) {
			w.sent["Content-Length"] = []string{strconv.Itoa(len(w.held))}
		}
		w.begin()
	}
	if w.body == nil {
		return w.err
	}
	if w.err != nil {
		w.body.Abort()
		return w.err
	}
	return w.body.Finish(w.trailers)
}

// abort ends the answer so that the client sees it is incomplete.
func (w *response) abort() {
	if w.body != nil {
		w.body.Abort()
	}
}
