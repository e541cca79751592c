package syumai

import (
	"net/http"
)

// answer is the library's response writer with the rules of net/http: the first status
// counts, an informational one is dropped, and nothing is written to an answer that has
// no body, which with the library would wait for ever.
type answer struct {
	http.ResponseWriter
	head   bool
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *answer) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status = status
	if bodiless(status) {
		w.Header().Del("Content-Length")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case bodiless(w.status):
		return 0, http.ErrBodyNotAllowed
	case w.head || len(p) == 0:
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Flush implements [http.Flusher]: the library keeps nothing back.
func (w *answer) Flush() { w.WriteHeader(http.StatusOK) }

// Unwrap is for [http.ResponseController] and [innermost].
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// bodiless reports whether an answer can have no body (RFC 9110, section 6.4.1).
func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

// innermost is the writer behind those that handlers put around it.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		v, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = v.Unwrap()
	}
}
