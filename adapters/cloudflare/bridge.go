package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"gatehouse/core/problem"
)

// Errors of operations; callers use errors.Is.
var (
	// ErrGone: no request is left in whose context the operation could be done, or
	// the one that did it ended.
	ErrGone = errors.New("cloudflare: request is gone")
	// ErrTooManyWrites: KV refuses more than one write to a key in a second.
	ErrTooManyWrites = errors.New("cloudflare: too many writes to one key")
)

// operation is what Go asks of a request's pump.
type operation struct {
	kind   string
	number int
	text   string // fields joined with separator
	data   []byte
}

// reply is an operation's outcome. failure is empty or "CODE:text"; see [reply.err].
type reply struct {
	failure string
	number  int
	text    string
	data    []byte
}

// Codes of failures, as exchange.mjs gives them.
const (
	codeGone    = "gone"    // the operation was given up
	codeTimeout = "timeout" // the application's answer did not begin in time
	codeBody    = "body"    // the client's body failed
	codeBusy    = "busy"    // too many writes to one key
)

// failure is a failed operation.
type failure struct{ code, text string }

func (f *failure) Error() string { return "cloudflare: " + f.text }

func (f *failure) Is(target error) bool {
	return target == ErrGone && f.code == codeGone || target == ErrTooManyWrites && f.code == codeBusy
}

func (r reply) err() error {
	if r.failure == "" {
		return nil
	}
	code, text, _ := strings.Cut(r.failure, ":")
	return &failure{code, text}
}

// request is one request under way.
type request struct {
	id     int
	ctx    context.Context
	cancel context.CancelFunc
	// pending counts what keeps the pump: the handler and work in the background.
	pending int
}

type requestKey struct{}

// waiter is who waits for an operation.
type waiter struct {
	request int
	reply   chan reply
}

// bridge keeps requests and operations apart. JavaScript calls begin, done, leave and
// lose, and send calls JavaScript. It is safe for concurrent use.
type bridge struct {
	// send queues an operation and reports whether the request still has a pump. It
	// is called without the lock.
	send func(request, id int, o operation) bool
	log  *slog.Logger

	mu      sync.Mutex
	live    map[int]*request
	waiting map[int]waiter
	last    int // operation
	current int // request whose event came last
}

func newBridge(send func(request, id int, o operation) bool, log *slog.Logger) *bridge {
	return &bridge{send: send, log: log, live: map[int]*request{}, waiting: map[int]waiter{}}
}

// begin serves a request: text is method, URL, and header.
func (b *bridge) begin(handler http.Handler, id int, text string, hasBody bool) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &request{id: id, cancel: cancel, pending: 1}
	r.ctx = context.WithValue(ctx, requestKey{}, r)
	b.mu.Lock()
	b.live[id], b.current = r, id
	b.mu.Unlock()
	go b.serve(handler, r, text, hasBody)
}

func (b *bridge) serve(handler http.Handler, r *request, text string, hasBody bool) {
	in, err := newRequest(r.ctx, text)
	w := &answer{bridge: b, request: r, header: http.Header{}, head: in.Method == http.MethodHead}
	defer b.release(r)
	defer r.cancel()
	defer func() {
		if e := recover(); e != nil {
			if e != http.ErrAbortHandler {
				b.log.Error("panic", "panic", fmt.Sprint(e))
			}
			w.abort()
			return
		}
		w.finish()
	}()
	if err != nil {
		problem.InvalidPath.Write(w, false, "", nil)
		return
	}
	if hasBody && in.ContentLength != 0 {
		in.Body = &body{bridge: b, ctx: r.ctx}
	}
	handler.ServeHTTP(w, in)
}

// release lets the pump end when nothing needs it any more.
func (b *bridge) release(r *request) {
	b.mu.Lock()
	r.pending--
	ends := r.pending == 0 && b.live[r.id] == r
	if ends {
		delete(b.live, r.id)
	}
	b.mu.Unlock()
	if ends {
		b.send(r.id, 0, operation{kind: "end"})
	}
}

// leave tells that the client went away. The pump goes on for what is in the
// background.
func (b *bridge) leave(id int) {
	b.mu.Lock()
	r := b.live[id]
	b.mu.Unlock()
	if r != nil {
		r.cancel()
	}
}

// lose tells that a request's pump is no more.
func (b *bridge) lose(id int) {
	b.mu.Lock()
	r := b.live[id]
	delete(b.live, id)
	for op, w := range b.waiting {
		if w.request == id {
			delete(b.waiting, op)
			w.reply <- reply{failure: codeGone + ":request is gone"}
		}
	}
	b.mu.Unlock()
	if r != nil {
		r.cancel()
	}
}

// done hands over an operation's outcome. One that nobody waits for is dropped.
func (b *bridge) done(id int, r reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w, ok := b.waiting[id]; ok {
		delete(b.waiting, id)
		b.current = w.request
		w.reply <- r // has room for it
	}
}

// route returns the request in whose I/O context an operation of ctx is done: its
// own, or, when that has ended or there is none, another live one; nil if there is
// none. The caller holds mu.
func (b *bridge) route(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok && b.live[r.id] == r {
		return r
	}
	if r := b.live[b.current]; r != nil {
		return r
	}
	var youngest *request
	for _, r := range b.live {
		if youngest == nil || r.id > youngest.id {
			youngest = r
		}
	}
	return youngest
}

// call does an operation and waits for its outcome. It returns the operation's
// number, by which others refer to it. When ctx ends first, the operation is given up
// and the error is ctx's.
func (b *bridge) call(ctx context.Context, o operation) (int, reply, error) {
	if err := ctx.Err(); err != nil {
		return 0, reply{}, err
	}
	b.mu.Lock()
	r := b.route(ctx)
	if r == nil {
		b.mu.Unlock()
		return 0, reply{}, ErrGone
	}
	b.last++
	id, w := b.last, waiter{r.id, make(chan reply, 1)}
	b.waiting[id] = w
	b.mu.Unlock()
	if !b.send(r.id, id, o) {
		b.forget(id)
		return 0, reply{}, ErrGone
	}
	select {
	case p := <-w.reply:
		return id, p, p.err()
	case <-ctx.Done():
		b.forget(id)
		b.drop(r.id, id)
		return 0, reply{}, ctx.Err()
	}
}

func (b *bridge) forget(id int) {
	b.mu.Lock()
	delete(b.waiting, id)
	b.mu.Unlock()
}

// drop gives up an operation or what it left in the pump.
func (b *bridge) drop(request, id int) {
	b.send(request, 0, operation{kind: "drop", number: id})
}

// tell queues an operation of r that has no outcome.
func (b *bridge) tell(r *request, o operation) { b.send(r.id, 0, o) }

// Bounds of work in the background. The runtime ends it half a minute after the
// answer.
const (
	maxBackground  = 64 // of one request, its handler included
	backgroundTime = 25 * time.Second
)

// background runs work while a request's pump is kept for it: the one whose event
// came last, which is normally the one that asks. When that one has too much of it,
// or there is none, the caller does the work itself.
func (b *bridge) background(work func(context.Context)) {
	b.mu.Lock()
	r := b.route(context.Background())
	if r == nil || r.pending >= maxBackground {
		b.mu.Unlock()
		b.work(context.Background(), work)
		return
	}
	r.pending++
	b.mu.Unlock()
	go func() {
		defer b.release(r)
		b.work(context.WithValue(context.Background(), requestKey{}, r), work)
	}()
}

// work keeps a panic from ending the program.
func (b *bridge) work(ctx context.Context, work func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, backgroundTime)
	defer cancel()
	defer func() {
		if e := recover(); e != nil {
			b.log.Error("background work panicked", "panic", fmt.Sprint(e))
		}
	}()
	work(ctx)
}
