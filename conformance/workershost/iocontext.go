package workershost

import (
	"context"
	"errors"
	"time"

	"github.com/dop251/goja"
)

// ioContext is what belongs to one request, or to one Durable Object: its operations,
// timers and streams, which nobody else may use. Only the loop touches it.
type ioContext struct {
	isolate *Isolate
	ctx     context.Context
	stop    context.CancelFunc
	// exchange is the request; nil for a Durable Object, which waits for requests.
	exchange *exchange
	carriers map[*carrier]bool
	timers   map[int64]*timer
	sources  map[int64]*source
	waiting  int // promises given to waitUntil
	over     bool
}

func (s *Isolate) newContext(x *exchange) *ioContext {
	c := &ioContext{
		isolate: s, exchange: x, carriers: map[*carrier]bool{},
		timers: map[int64]*timer{}, sources: map[int64]*source{},
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	s.contexts[c] = true
	return c
}

// enter runs fn as c's, and all that follows from it at once.
func (c *ioContext) enter(fn func()) {
	if c.over {
		return
	}
	c.isolate.current = c
	defer func() { c.isolate.current = nil }()
	fn()
}

// tracker carries the context from where a promise is awaited to where that goes on,
// whoever settles it: the runtime's handle_cross_request_promise_resolution.
type tracker struct{ isolate *Isolate }

func (t tracker) Grab() any         { return t.isolate.current }
func (t tracker) Resumed(owner any) { t.isolate.current, _ = owner.(*ioContext) }
func (t tracker) Exited()           { t.isolate.current = nil }

const (
	globalScope = "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), " +
		"setting a timeout, and generating random values are not allowed within global scope."
	otherRequest = "Cannot perform I/O on behalf of a different request. I/O objects (such as streams, " +
		"request/response bodies, and others) created in the context of one request handler cannot be " +
		"accessed from a different request's handler."
)

// here returns the context that runs; without one it throws.
func (s *Isolate) here() *ioContext {
	if s.current == nil {
		s.throw("Error", globalScope)
	}
	return s.current
}

// async starts op outside of the loop and returns a promise of what it returns: a
// function that makes the value, or an error. It never settles once the context is
// over.
func (s *Isolate) async(op func(ctx context.Context) (value func() any, err error)) goja.Value {
	return s.asyncOn(s.here().carrier(), true, op)
}

// asyncOn does so with a carrier, whose context it ends only if once is true.
func (s *Isolate) asyncOn(carrier *carrier, once bool, op func(ctx context.Context) (value func() any, err error)) goja.Value {
	c := s.here()
	promise, resolve, reject := s.vm.NewPromise()
	if c.over {
		return s.vm.ToValue(promise)
	}
	running := carrier.begin()
	c.carriers[carrier] = true
	go func() {
		value, err := op(carrier.ctx)
		running.end(func() {
			delete(c.carriers, carrier)
			if once {
				carrier.stop()
			}
			c.enter(func() {
				switch {
				case err != nil:
					_ = reject(s.errorOf(err))
				case value == nil:
					_ = resolve(goja.Undefined())
				default:
					_ = resolve(value())
				}
			})
		})
	}()
	return s.vm.ToValue(promise)
}

func (c *ioContext) carrier() *carrier { return c.isolate.loop.carrier(c.ctx) }

// setTimeout queues fn. Timers die with their context.
func (c *ioContext) setTimeout(d time.Duration, fn func()) int64 {
	s := c.isolate
	s.handles++
	id := s.handles
	if c.over {
		return id
	}
	c.timers[id] = s.loop.after(d, func() {
		delete(c.timers, id)
		c.enter(fn)
	})
	return id
}

// idle reports whether nothing can happen in c by itself.
func (c *ioContext) idle() bool { return len(c.carriers) == 0 && len(c.timers) == 0 }

// errHung is why a request is given up that waits for nothing.
var errHung = errors.New("workershost: the Workers runtime canceled this request because it detected that your " +
	"Worker's code had hung and would never generate a response")

// turn is called behind every task. Who waits for nothing is hung; who is done is
// over.
func (s *Isolate) turn() {
	for c := range s.contexts {
		x := c.exchange
		switch {
		case x == nil:
		case !x.responded && c.idle():
			s.log("error", errHung.Error())
			x.fail(errHung)
			c.end(errHung)
		case x.responded && c.idle() && !x.relaying():
			c.end(errHung) // breaks off what it would never have ended
		case x.responded && c.waiting == 0 && x.done:
			c.end(nil)
		}
	}
}

// end ends c: operations, timers and streams.
func (c *ioContext) end(reason error) {
	if c.over {
		return
	}
	c.over = true
	delete(c.isolate.contexts, c)
	for _, t := range c.timers {
		c.isolate.loop.stop(t)
	}
	for carrier := range c.carriers {
		carrier.cancel()
	}
	c.stop()
	for id, src := range c.sources {
		src.abort(errors.Join(reason, context.Canceled))
		delete(c.isolate.sources, id)
	}
	if c.exchange != nil {
		c.isolate.count(-1)
	}
}
