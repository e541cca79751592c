package workershost

import (
	"context"
	"time"
)

// carrier ties the waits of what a context is handed to, a connection perhaps that
// outlives the operation it was made in, to the operation that is under way.
type carrier struct {
	loop *loop
	ctx  context.Context
	stop context.CancelFunc
	op   *operation // guarded by the loop's lock
}

type carrierKey struct{}

// carrier returns one whose context ends with parent's.
func (l *loop) carrier(parent context.Context) *carrier {
	c := &carrier{loop: l}
	c.ctx, c.stop = context.WithCancel(context.WithValue(parent, carrierKey{}, c))
	return c
}

// cancel ends the context; time stands still until the operation has noticed.
func (c *carrier) cancel() {
	c.loop.mu.Lock()
	if c.op != nil {
		c.op.resume()
	}
	c.loop.mu.Unlock()
	c.stop()
}

// operation takes place outside of the loop, in a goroutine of its own. Virtual time
// stands still until it ends or waits by [Wait].
type operation struct {
	carrier *carrier
	parked  bool // it waits in virtual time
	alarm   *timer
}

// begin starts an operation.
func (c *carrier) begin() *operation {
	op := &operation{carrier: c}
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	c.loop.running++
	c.op = op
	return op
}

// resume is called with the lock held: the operation goes on in real time.
func (op *operation) resume() {
	if l := op.carrier.loop; op.parked {
		l.stopLocked(op.alarm)
		op.parked, op.alarm = false, nil
		l.running++
	}
}

// end ends the operation; task, unless nil, follows it in the loop. It must be called
// once.
func (op *operation) end(task func()) {
	l := op.carrier.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	op.resume()
	l.running--
	if op.carrier.op == op {
		op.carrier.op = nil
	}
	if !l.closed && task != nil {
		l.tasks = append(l.tasks, task)
	}
	l.changed.Broadcast()
}

// Wait waits for d, or for ever if d is negative, on behalf of an operation of an
// isolate whose context is ctx: in virtual time. It returns ctx's error when that
// ends first. ok is false, at once, when ctx is of no such operation.
func Wait(ctx context.Context, d time.Duration) (ok bool, err error) {
	c, ok := ctx.Value(carrierKey{}).(*carrier)
	if !ok {
		return false, nil
	}
	fired, l := make(chan struct{}), c.loop
	l.mu.Lock()
	op := c.op
	if op == nil || op.parked {
		l.mu.Unlock()
		return false, nil
	}
	if ctx.Err() == nil {
		op.parked = true
		l.running--
		if d >= 0 {
			op.alarm = l.afterLocked(d, func() {
				l.mu.Lock()
				op.alarm = nil
				op.resume()
				l.mu.Unlock()
				close(fired)
			})
		}
		l.changed.Broadcast()
	}
	l.mu.Unlock()
	select {
	case <-fired:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	}
}
