package wasi

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Poller is what a [Loop] needs of wasi:io/poll and the monotonic clock.
type Poller interface {
	// Poll blocks until at least one of pollables is ready and returns the indexes
	// of those that are.
	Poll(pollables []uint32) []uint32
	// After returns a pollable that is ready after d.
	After(d time.Duration) uint32
	// Drop drops a pollable of After's.
	Drop(pollable uint32)
}

// maxPoll bounds one poll, for the sake of timers that no waiting context tells of.
const maxPoll = time.Second

// Loop waits for pollables on behalf of goroutines. There is one for an instance.
type Loop struct {
	poller Poller

	mu    sync.Mutex
	waits []*wait
	// changed has a value when a wait was added.
	changed chan struct{}
}

// wait is one goroutine that waits.
type wait struct {
	ctx      context.Context
	pollable uint32
	ready    chan struct{}
}

// NewLoop makes a loop over poller.
func NewLoop(poller Poller) *Loop {
	return &Loop{poller: poller, changed: make(chan struct{}, 1)}
}

// Wait blocks until pollable is ready or ctx ends, and returns ctx's error then. The
// pollable is the loop's until Wait returns. It works inside [Loop.Run] only.
func (l *Loop) Wait(ctx context.Context, pollable uint32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &wait{ctx, pollable, make(chan struct{})}
	l.mu.Lock()
	l.waits = append(l.waits, w)
	l.mu.Unlock()
	select {
	case l.changed <- struct{}{}:
	default:
	}
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		l.remove(w)
		return ctx.Err()
	}
}

func (l *Loop) remove(w *wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waits, w); i >= 0 {
		l.waits = slices.Delete(l.waits, i, i+1)
	}
}

// Run runs work in a goroutine and returns when it has ended and nobody waits any
// more: what work leaves behind must end with a context that work ends.
func (l *Loop) Run(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		growStack(len(l.waits))
		work()
	}()
	for {
		yield()
		if !l.waiting() {
			select {
			case <-done:
				if !l.waiting() {
					return
				}
			case <-l.changed:
			}
			continue
		}
		l.turn()
	}
}

// requestStack is about what a request takes of a goroutine's stack.
const requestStack = 12 << 10

// growStack makes the stack of the goroutine large enough for a request at once. In steps
// it would be copied three or four times, each time deeper: an instance that lives for
// one request spends a twentieth of its time on that. Any i of at least 0 will do.
//
//go:noinline
func growStack(i int) byte {
	var room [requestStack]byte
	return room[i%requestStack]
}

// yield lets every goroutine run that can. The scheduler prefers the one that yields
// now and then, so once is not enough.
func yield() {
	for range 3 {
		runtime.Gosched()
	}
}

func (l *Loop) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waits) > 0
}

// turn polls once.
func (l *Loop) turn() {
	l.mu.Lock()
	waits := slices.Clone(l.waits)
	l.mu.Unlock()
	limit := maxPoll
	list := make([]uint32, 0, len(waits)+1)
	for _, w := range waits {
		list = append(list, w.pollable)
		if deadline, ok := w.ctx.Deadline(); ok {
			limit = min(limit, time.Until(deadline))
		}
	}
	clock := l.poller.After(max(limit, 0))
	ready := l.poller.Poll(append(list, clock))
	l.poller.Drop(clock)
	for _, i := range ready {
		if int(i) >= len(waits) {
			continue
		}
		l.remove(waits[i])
		close(waits[i].ready)
	}
}
