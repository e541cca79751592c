package wasihost

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// exchange is a client's request and the way back to it.
type exchange struct {
	r    *http.Request
	path string // path and query of the target, as sent
	body *source

	head  chan response // the answer, once
	ended chan struct{} // closed when the instance has ended

	mu       sync.Mutex
	set      bool
	pipe     *pipe // the answer's body
	complete bool  // the client has all of the answer, or is just getting it
	gone     bool  // the client has left before
}

// response is the head of an answer, and its body if it has one.
type response struct {
	status int
	header http.Header
	body   *pipe
}

// newExchange refuses what a host's HTTP server would.
func newExchange(r *http.Request) (*exchange, error) {
	x := &exchange{r: r, head: make(chan response, 1), ended: make(chan struct{})}
	x.path = r.RequestURI
	if !strings.HasPrefix(x.path, "/") { // absolute form
		_, rest, _ := strings.Cut(x.path, "://")
		n := strings.IndexAny(rest, "/?")
		if x.path = ""; n >= 0 {
			x.path = rest[n:]
		}
	}
	x.path, _, _ = strings.Cut(x.path, "#")
	if !utf8.ValidString(x.path) {
		return nil, errors.New("the target is not UTF-8")
	}
	x.body = &source{body: r.Body}
	return x, nil
}

// answered reports whether the module has given its answer.
func (x *exchange) answered() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.set
}

// send passes the answer's head on.
func (x *exchange) send(res response) {
	x.mu.Lock()
	x.set, x.pipe = true, res.body
	gone := x.gone
	x.mu.Unlock()
	if gone && res.body != nil {
		res.body.Close()
	}
	x.head <- res
}

// leave is called when the client goes away, and reports whether that was early. The
// module notices when it writes.
func (x *exchange) leave() (early bool) {
	x.mu.Lock()
	x.gone = !x.complete
	early = x.gone
	p := x.pipe
	x.mu.Unlock()
	if early && p != nil {
		p.Close()
	}
	return early
}

// completed is called before the last byte of an answer goes out that ends by its
// length.
func (x *exchange) completed() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.complete = true
}

// end is called when the instance has ended.
func (x *exchange) end() {
	x.body.close()
	close(x.ended)
}

// answer writes the answer to w, as the module sends it.
func (x *exchange) answer(w http.ResponseWriter) {
	w.Header()["Content-Type"] = nil // none is made up
	flush := http.NewResponseController(w)
	_ = flush.EnableFullDuplex() // the body may come in while the answer goes out
	var res response
	select {
	case res = <-x.head:
	case <-x.r.Context().Done():
		panic(http.ErrAbortHandler)
	case <-x.ended:
		select {
		case res = <-x.head:
		default:
			res = response{status: http.StatusInternalServerError, header: http.Header{}}
		}
	}
	h := w.Header()
	for name, values := range res.header {
		h[name] = values
	}
	left, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil {
		left = -1
	}
	if res.body == nil || x.r.Method == http.MethodHead || res.status == http.StatusNoContent || res.status == http.StatusNotModified {
		left = 0
	}
	if left == 0 {
		x.completed()
	}
	w.WriteHeader(res.status)
	if res.body == nil {
		return
	}
	defer res.body.Close()
	if left == 0 {
		return
	}
	_ = flush.Flush()
	buf := make([]byte, window)
	for {
		n, err := res.body.Read(buf)
		if n > 0 {
			if left -= int64(n); left == 0 {
				x.completed()
			}
			if _, werr := w.Write(buf[:n]); werr != nil {
				return
			}
			_ = flush.Flush()
		}
		switch {
		case err == nil:
		case err == io.EOF:
			return
		default:
			panic(http.ErrAbortHandler)
		}
	}
}
