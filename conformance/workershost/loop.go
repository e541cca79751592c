package workershost

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// loop runs tasks one at a time, in virtual time. Everything but run is safe for
// concurrent use.
type loop struct {
	mu      sync.Mutex
	changed sync.Cond
	tasks   []func()
	timers  timerHeap
	seq     int
	running int // operations that take place outside, in real time
	now     time.Duration
	closed  bool
	// elapse, unless nil, learns of every jump.
	elapse func(time.Duration)
}

func newLoop(elapse func(time.Duration)) *loop {
	l := &loop{elapse: elapse}
	l.changed.L = &l.mu
	return l
}

// timer is due at a virtual time.
type timer struct {
	at    time.Duration
	seq   int
	index int // in the heap; -1 when it is not in it
	fn    func()
}

// run runs tasks until close; afterwards is called behind each.
func (l *loop) run(afterwards func()) {
	for {
		task := l.next()
		if task == nil {
			return
		}
		task()
		afterwards()
	}
}

// next waits for a task; nil means closed. Time jumps only when no task is there and
// no operation could bring one.
func (l *loop) next() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.closed:
			return nil
		case len(l.tasks) > 0:
			task := l.tasks[0]
			l.tasks = l.tasks[1:]
			return task
		case l.running == 0 && len(l.timers) > 0:
			t := heap.Pop(&l.timers).(*timer)
			if jump := t.at - l.now; jump > 0 {
				l.now = t.at
				if l.elapse != nil {
					l.elapse(jump)
				}
			}
			return t.fn
		}
		l.changed.Wait()
	}
}

// post queues a task; it reports false, and does nothing, after close.
func (l *loop) post(task func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.tasks = append(l.tasks, task)
	l.changed.Broadcast()
	return true
}

// close ends run; what is queued is dropped.
func (l *loop) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed, l.tasks, l.timers = true, nil, nil
	l.changed.Broadcast()
}

// elapsed returns the virtual time.
func (l *loop) elapsed() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// after queues fn for d from now.
func (l *loop) after(d time.Duration, fn func()) *timer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.afterLocked(d, fn)
}

func (l *loop) afterLocked(d time.Duration, fn func()) *timer {
	l.seq++
	t := &timer{at: l.now + max(d, 0), seq: l.seq, fn: fn}
	heap.Push(&l.timers, t)
	l.changed.Broadcast()
	return t
}

// stop removes t, which may have fired.
func (l *loop) stop(t *timer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopLocked(t)
}

func (l *loop) stopLocked(t *timer) {
	if t != nil && t.index >= 0 && t.index < len(l.timers) && l.timers[t.index] == t {
		heap.Remove(&l.timers, t.index)
	}
}

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

// timerHeap orders timers by time, then by age.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	*h, t.index = old[:len(old)-1], -1
	return t
}
