package native

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// maxBackground is how many pieces of background work run at once.
const maxBackground = 64

// background runs work that outlives the request it came from, in goroutines of a
// bounded number. When all are busy the caller does the work itself: requests slow
// down instead of memory filling up, and nothing is lost.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc
	log    *slog.Logger
	slots  chan struct{}

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func newBackground(log *slog.Logger) *background {
	b := &background{log: log, slots: make(chan struct{}, maxBackground)}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// run is a platform's Background.
func (b *background) run(work func(context.Context)) {
	if !b.start() {
		b.do(work)
		return
	}
	go func() {
		defer func() {
			<-b.slots
			b.running.Done()
		}()
		b.do(work)
	}()
}

// start reserves a goroutine, unless none is free or the process is stopping.
func (b *background) start() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	select {
	case b.slots <- struct{}{}:
		b.running.Add(1)
		return true
	default:
		return false
	}
}

// do keeps a panic from ending the process, as the server does for requests.
func (b *background) do(work func(context.Context)) {
	defer func() {
		if v := recover(); v != nil {
			b.log.Error("background work panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
	}()
	work(b.ctx)
}

// close waits for what is running until ctx ends, and then cancels it.
func (b *background) close(ctx context.Context) {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	done := make(chan struct{})
	go func() {
		b.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	b.cancel()
}
