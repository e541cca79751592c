package workershost

import (
	"container/heap"
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
