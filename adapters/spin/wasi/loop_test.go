package wasi

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// fakePoller is a host whose pollables are ready when the test says so.
type fakePoller struct {
	mu    sync.Mutex
	ready map[uint32]bool
	wake  chan struct{}
	next  uint32
	clock map[uint32]time.Duration // open pollables of After
	polls []time.Duration          // limit of each poll
	lists [][]uint32
}

func newFakePoller() *fakePoller {
	return &fakePoller{ready: map[uint32]bool{}, wake: make(chan struct{}, 100), next: 1000, clock: map[uint32]time.Duration{}}
}

func (p *fakePoller) make(pollable uint32) {
	p.mu.Lock()
	p.ready[pollable] = true
	p.mu.Unlock()
	p.wake <- struct{}{}
}

func (p *fakePoller) After(d time.Duration) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	p.clock[p.next] = d
	return p.next
}

func (p *fakePoller) Drop(pollable uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clock, pollable)
}

func (p *fakePoller) Poll(list []uint32) []uint32 {
	p.mu.Lock()
	limit := p.clock[list[len(list)-1]]
	p.polls, p.lists = append(p.polls, limit), append(p.lists, list)
	p.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		p.mu.Lock()
		var ready []uint32
		for i, pollable := range list {
			if p.ready[pollable] {
				ready = append(ready, uint32(i))
			}
		}
		p.mu.Unlock()
		if ready != nil {
			return ready
		}
		select {
		case <-p.wake:
		case <-timer.C:
			return []uint32{uint32(len(list) - 1)}
		}
	}
}

func TestLoopWakesWhoWaits(t *testing.T) {
	t.Parallel()
	p := newFakePoller()
	l := NewLoop(p)
	l.Run(func() {
		var all sync.WaitGroup
		for pollable := range uint32(5) {
			all.Go(func() {
				if err := l.Wait(context.Background(), pollable+1); err != nil {
					t.Errorf("pollable %d: %v", pollable+1, err)
				}
			})
		}
		for pollable := range uint32(5) {
			p.make(5 - pollable)
		}
		all.Wait()
	})
	if len(l.waits) != 0 || len(p.clock) != 0 {
		t.Errorf("%d waits and %d clocks are left", len(l.waits), len(p.clock))
	}
}

func TestLoopPollsNoLongerThanTheNextDeadline(t *testing.T) {
	t.Parallel()
	p := newFakePoller()
	l := NewLoop(p)
	const left = 500 * time.Millisecond // until the first Wait, which may be late
	l.Run(func() {
		ctx, cancel := context.WithTimeout(context.Background(), left)
		defer cancel()
		if err := l.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := l.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the deadline: %v", err)
		}
	})
	if len(p.polls) == 0 || p.polls[0] > left {
		t.Errorf("polled for %v", p.polls)
	}
	if len(l.waits) != 0 || len(p.clock) != 0 {
		t.Errorf("%d waits and %d clocks are left", len(l.waits), len(p.clock))
	}
}

func TestLoopEndsAfterWhatWorkLeft(t *testing.T) {
	t.Parallel()
	p := newFakePoller()
	l := NewLoop(p)
	left := make(chan error, 1)
	l.Run(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() { left <- l.Wait(ctx, 1) }()
		// The loop learns of it before the work ends.
		for !l.waiting() {
			yield()
		}
	})
	select {
	case err := <-left:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("still waits")
	}
}

func TestLoopWithoutWaits(t *testing.T) {
	t.Parallel()
	p := newFakePoller()
	done := false
	NewLoop(p).Run(func() { done = true })
	if !done || len(p.polls) != 0 {
		t.Errorf("done %v, %d polls", done, len(p.polls))
	}
}
