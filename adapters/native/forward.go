package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/core/platform"
)

// Forward is the [platform.Forwarder] of a native server, on [httputil.ReverseProxy].
// It speaks HTTP/1.1 to the application, because an HTTP/2 connection could not carry
// a WebSocket, and calls it directly, whatever HTTP_PROXY says. Safe for concurrent
// use.
//
// Answers of unknown length and event streams are flushed at each read; others as the
// server's 4 KiB buffer fills. An answer that breaks off after its header ends in a
// panic with [http.ErrAbortHandler], which the server turns into a broken connection.
type Forward struct {
	proxy     *httputil.ReverseProxy
	transport *http.Transport
	// closing ends when upgraded connections must.
	closing context.Context
	close   context.CancelFunc
}

var _ platform.Forwarder = (*Forward)(nil)

// NewForward returns a forwarder that waits at most timeout for an answer to begin
// once the request is sent, and logs broken transfers at level debug.
func NewForward(timeout time.Duration, log *slog.Logger) *Forward {
	dialer := &net.Dialer{Timeout: min(timeout, 10*time.Second), KeepAlive: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	f := &Forward{}
	f.closing, f.close = context.WithCancel(context.Background())
	f.transport = &http.Transport{
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		TLSHandshakeTimeout:    min(timeout, 10*time.Second),
		ResponseHeaderTimeout:  timeout,
		ExpectContinueTimeout:  time.Second,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    128,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
	f.proxy = &httputil.ReverseProxy{
		Rewrite:        request,
		Transport:      f.transport,
		BufferPool:     bufferPool{},
		ModifyResponse: begin,
		ErrorHandler:   fail,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return f
}

// Close ends upgraded connections, now and from now on, and idle ones.
func (f *Forward) Close() {
	f.close()
	f.transport.CloseIdleConnections()
}

// transfer is one call of Forward. It is the context of the request that the proxy
// sees, and so reaches its hooks.
type transfer struct {
	context.Context
	w      http.ResponseWriter
	edit   func(int, http.Header)
	header http.Header // of the request
	preset http.Header // what the caller had put into w's header
	body   *watchedBody
	up     *upgrade // of a request that asks for another protocol
	err    error
}

type transferKey struct{}

// Value makes the transfer itself a value of the context.
func (t *transfer) Value(key any) any {
	if key == (transferKey{}) {
		return t
	}
	return t.Context.Value(key)
}

func transferOf(r *http.Request) *transfer {
	return r.Context().Value(transferKey{}).(*transfer)
}

// Forward implements [platform.Forwarder].
func (f *Forward) Forward(w http.ResponseWriter, out *http.Request, edit func(int, http.Header)) error {
	if straight(out) && len(w.Header()) == 0 {
		return f.forwardStraight(w, out, edit)
	}
	t := &transfer{Context: out.Context(), w: w, edit: edit, header: out.Header}
	out = out.WithContext(t)
	// The proxy sees no header but what it needs for an upgrade, so that it neither
	// copies nor judges the rest.
	out.Header = nil
	var writer http.ResponseWriter = interim{w, t.header.Get("Expect") != ""}
	if protocol := t.header.Get("Upgrade"); protocol != "" {
		out.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {protocol}}
		var release func()
		t.up, release = f.upgrade(t.Context, writer)
		defer release()
		writer = t.up
	}
	if h := w.Header(); len(h) > 0 {
		// The proxy sends the header map with an informational answer and clears it.
		t.preset = maps.Clone(h)
		clear(h)
	}
	if out.Body != nil && out.Body != http.NoBody {
		t.body = &watchedBody{ReadCloser: out.Body}
		out.Body = t.body
		// Otherwise the server consumes up to 256 KiB of the body when the answer
		// begins, while the transport is still reading it: parts go missing, or the
		// transport meets a closed body and ends the connection amid the answer. A
		// writer that cannot do both at once (a recorder) has no such habit.
		controller := http.NewResponseController(w)
		_ = controller.EnableFullDuplex()
		_ = controller.SetReadDeadline(time.Time{})
	}
	f.proxy.ServeHTTP(writer, out)
	if t.err == nil {
		return nil
	}
	clear(w.Header())
	maps.Copy(w.Header(), t.preset)
	return t.classify()
}

// classify turns what went wrong before the answer's header into the contract's
// errors.
func (t *transfer) classify() error {
	if err := t.Context.Err(); err != nil {
		return err
	}
	if t.up != nil && t.up.unsupported {
		return platform.ErrUpgradeUnsupported
	}
	if t.body != nil {
		if err := t.body.failure(); err != nil {
			return fmt.Errorf("%w: %w", platform.ErrRequestBody, err)
		}
	}
	var timeout net.Error
	if errors.As(t.err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w: %w", platform.ErrTimeout, t.err)
	}
	return fmt.Errorf("native: forward: %w", t.err)
}

// request is called last before the request is sent and makes it the core's again:
// the proxy has removed forwarding headers and parts of the query that it cannot
// parse.
func request(r *httputil.ProxyRequest) {
	r.Out.Header = transferOf(r.In).header
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	r.Out.Trailer = r.In.Trailer // filled in at the body's end, so never a copy
	// On a connection that is to be kept, the transport would send the body even after
	// the application refused the expectation.
	r.Out.Close = r.Out.Header.Get("Expect") != ""
}

// interim sees to the application's informational answers. It drops a 100 that the
// client waits for: the server sends one itself when the body is first read, which is
// when the transport has seen the application's.
type interim struct {
	http.ResponseWriter
	awaited bool
}

func (w interim) WriteHeader(status int) {
	if isInterim(status) {
		if w.awaited && status == http.StatusContinue {
			return
		}
		keepHints(w.Header(), w.Header())
	} else {
		keepUntyped(w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

// keepUntyped leaves an answer without a media type without one: the server would guess
// it from the body, which is the recipient's to do (RFC 9110, section 8.3).
func keepUntyped(h http.Header) {
	if _, typed := h["Content-Type"]; !typed {
		h["Content-Type"] = nil
	}
}

func (w interim) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func isInterim(status int) bool {
	return status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
}

// keepHints makes dst what an informational answer may tell the client: links (RFC
// 8297). It has not gone through the core, so that it could carry anything.
func keepHints(dst, from http.Header) {
	links := from["Link"]
	clear(dst)
	if len(links) > 0 {
		dst["Link"] = links
	}
}

// begin is called with the answer's header, before it is written.
func begin(res *http.Response) error {
	t := transferOf(res.Request)
	if res.StatusCode == http.StatusSwitchingProtocols &&
		!strings.EqualFold(res.Header.Get("Upgrade"), res.Request.Header.Get("Upgrade")) {
		res.Body.Close()
		return errUnaskedProtocol
	}
	if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
		return errStatus
	}
	maps.Copy(t.w.Header(), t.preset)
	t.edit(res.StatusCode, res.Header)
	return nil
}

var (
	errUnaskedProtocol = errors.New("application switched to a protocol that was not asked for")
	errStatus          = errors.New("application answered with a status below 100")
)

// fail is called when there is no answer. After an upgrade the client's connection
// is not ours to answer on any more.
func fail(_ http.ResponseWriter, r *http.Request, err error) {
	if t := transferOf(r); t.up == nil || !t.up.joined() {
		t.err = err
	}
}

// watchedBody remembers why the client's body could not be read. The transport reads
// it in a goroutine of its own.
type watchedBody struct {
	io.ReadCloser
	err atomic.Pointer[error]
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

func (b *watchedBody) failure() error {
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

// bufferPool holds the proxy's copy buffers.
type bufferPool struct{}

const bufferSize = 32 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func (bufferPool) Get() []byte  { return buffers.Get().(*[bufferSize]byte)[:] }
func (bufferPool) Put(b []byte) { buffers.Put((*[bufferSize]byte)(b)) }
