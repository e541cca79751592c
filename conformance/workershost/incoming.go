package workershost

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
)

var errClosed = errors.New("workershost: the isolate is closed")

// background is how long work may go on behind the answer.
const background = 30 * time.Second

// exchange is a request from outside, and where its answer goes.
type exchange struct {
	request   *http.Request
	context   *ioContext
	answer    chan result
	responded bool // an answer, or the failure, is out
	done      bool // the answer's body has ended
	body      *source
	aborted   goja.Callable // dispatches the event of request.signal
}

type result struct {
	response *http.Response
	err      error
}

// RoundTrip sends r to the Worker's fetch handler as the runtime's HTTP server would:
// RequestURI is the request target, Host the field, RemoteAddr the peer. What that
// server refuses itself it answers as it does. When r's context ends, the client is
// gone.
func (s *Isolate) RoundTrip(r *http.Request) (*http.Response, error) {
	if res := refuse(r); res != nil {
		return res, nil
	}
	x := &exchange{request: r, answer: make(chan result, 1)}
	s.count(1)
	if !s.loop.post(func() { s.receive(x) }) {
		s.count(-1)
		return nil, errClosed
	}
	select {
	case got := <-x.answer:
		if got.err != nil {
			return nil, got.err
		}
		return got.response, nil
	case <-r.Context().Done():
		s.loop.post(func() { x.leave() })
		return nil, r.Context().Err()
	case <-s.stopped:
		return nil, errClosed
	}
}

// receive begins the exchange.
func (s *Isolate) receive(x *exchange) {
	c := s.newContext(x)
	x.context = c
	var body any
	c.enter(func() {
		s.fireAlarms()
		if length, ok := bodyLength(x.request); ok {
			body = s.addSource(&source{read: x.request.Body, length: length}).id
		}
		_, err := s.dispatch(goja.Undefined(), s.vm.ToValue(x.request.Method), s.vm.ToValue(target(x.request)),
			s.vm.ToValue(fields(x.request)), s.vm.ToValue(body), s.vm.ToValue(x.native()))
		if err != nil {
			s.log("error", "Uncaught "+err.Error())
			x.fail(err)
		}
	})
}

// native is what dispatch gets to answer the exchange with.
func (x *exchange) native() map[string]any {
	c := x.context
	s := c.isolate
	return map[string]any{
		"respond": func(status int, headers []string, body goja.Value, automatic bool) {
			x.respond(status, headers, body, automatic)
		},
		"fail": func(reason string) {
			s.log("error", "Uncaught "+reason)
			x.fail(errors.New("workershost: the Worker threw: " + reason))
		},
		"waitUntil": func(n int) { c.waiting += n },
		"onAbort":   func(f goja.Callable) { x.aborted = f },
	}
}

// leave is what happens when the client is gone.
func (x *exchange) leave() {
	c := x.context
	if c == nil || c.over {
		return
	}
	x.responded, x.done = true, true
	if x.body != nil {
		x.body.abort(errors.New("the client disconnected"))
	}
	if x.aborted != nil {
		c.enter(func() { _, _ = x.aborted(goja.Undefined()) })
	}
	c.linger()
}

// linger bounds what goes on behind the answer.
func (c *ioContext) linger() {
	if !c.over {
		c.setTimeout(background, func() { c.end(errHung) })
	}
}

// relaying reports whether a body goes on without the Worker.
func (x *exchange) relaying() bool { return !x.done && x.body != nil && x.body.native() }

// fail answers as the runtime does when the Worker does not.
func (x *exchange) fail(err error) {
	if x.responded {
		return
	}
	x.responded, x.done = true, true
	if errors.Is(err, errClosed) {
		x.answer <- result{err: err}
		return
	}
	x.answer <- result{response: plain(x.request, http.StatusInternalServerError, "Internal Server Error")}
	x.context.linger()
}

// fields returns the request's header as names and values in turn, as the runtime's
// Headers take them: the edge names the peer in CF-Connecting-IP.
func fields(r *http.Request) []string {
	var out []string
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	})
	for _, name := range names {
		if !strings.EqualFold(name, "CF-Connecting-IP") {
			for _, v := range r.Header[name] {
				out = append(out, name, strings.ToValidUTF8(v, "\uFFFD"))
			}
		}
	}
	out = append(out, "Host", r.Host)
	if length, ok := bodyLength(r); ok && length >= 0 && r.Header.Get("Content-Length") == "" {
		out = append(out, "Content-Length", itoa(length))
	}
	if peer, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		out = append(out, "CF-Connecting-IP", peer)
	} else if r.RemoteAddr != "" {
		out = append(out, "CF-Connecting-IP", r.RemoteAddr)
	}
	return out
}

// bodyLength returns the body's announced length, -1 when it is chunked; false when
// there is none.
func bodyLength(r *http.Request) (int64, bool) {
	for name, v := range r.Header {
		if strings.EqualFold(name, "Transfer-Encoding") && strings.Contains(strings.ToLower(strings.Join(v, ",")), "chunked") {
			return -1, true
		}
	}
	if r.ContentLength > 0 || r.Method == http.MethodPost || r.Header.Get("Content-Length") != "" {
		return r.ContentLength, true
	}
	return 0, false
}

// target is the URL that the Worker sees: the request target behind the host, as it
// is, without a fragment.
func target(r *http.Request) string {
	t, _, _ := strings.Cut(r.RequestURI, "#")
	if scheme, rest, ok := strings.Cut(t, "://"); ok && !strings.HasPrefix(t, "/") && scheme != "" {
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			t = rest[i:]
		} else {
			t = "/"
		}
	} else if t != "*" && !strings.HasPrefix(t, "/") {
		t = "/" // the runtime reads it as an authority
	}
	return cmp.Or(r.URL.Scheme, "https") + "://" + r.Host + t
}
