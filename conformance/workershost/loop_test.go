package workershost

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// drive runs a loop until stop is called.
func drive(t *testing.T, l *loop) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.run(func() {})
	}()
	t.Cleanup(func() {
		l.close()
		<-done
	})
}

func TestTimersFireInOrderWithoutTakingTime(t *testing.T) {
	t.Parallel()
	l, order, done := newLoop(nil), []int{}, make(chan struct{})
	l.after(time.Hour, func() { order = append(order, 3); close(done) })
	l.after(time.Minute, func() {
		order = append(order, 1)
		l.after(0, func() { order = append(order, 2) })
	})
	stopped := l.after(time.Second, func() { order = append(order, 0) })
	l.stop(stopped)
	l.stop(stopped)
	drive(t, l)
	<-done
	if !slices.Equal(order, []int{1, 2, 3}) || l.elapsed() != time.Hour {
		t.Errorf("order %v, %v", order, l.elapsed())
	}
}

func TestTimeStandsStillWhileAnOperationRuns(t *testing.T) {
	t.Parallel()
	l, fired := newLoop(nil), make(chan struct{})
	op := l.carrier(t.Context()).begin()
	l.after(time.Second, func() { close(fired) })
	drive(t, l)
	seen := make(chan struct{})
	l.post(func() { close(seen) })
	<-seen
	if l.elapsed() != 0 {
		t.Error("time passes")
	}
	at := make(chan time.Duration)
	op.end(func() { at <- l.elapsed() })
	if got := <-at; got != 0 {
		t.Errorf("the operation ended at %v", got)
	}
	<-fired
}

func TestWaitTakesVirtualTime(t *testing.T) {
	t.Parallel()
	jumped := time.Duration(0)
	l := newLoop(func(d time.Duration) { jumped += d })
	drive(t, l)
	c := l.carrier(t.Context())
	op := c.begin()
	if ok, err := Wait(c.ctx, time.Hour); !ok || err != nil {
		t.Fatal(ok, err)
	}
	at := make(chan time.Duration, 1)
	op.end(func() { at <- l.elapsed() })
	if got := <-at; got != time.Hour || jumped != time.Hour {
		t.Errorf("%v, told %v", got, jumped)
	}
	if ok, _ := Wait(context.Background(), time.Hour); ok {
		t.Error("a context of no isolate waits")
	}
}

func TestWaitForEverEndsByCancellation(t *testing.T) {
	t.Parallel()
	l := newLoop(nil)
	c := l.carrier(t.Context())
	op := c.begin()
	l.after(time.Minute, c.cancel)
	waited := make(chan error, 1)
	go func() {
		_, err := Wait(c.ctx, -1)
		waited <- err
		op.end(nil)
	}()
	drive(t, l)
	if err := <-waited; !errors.Is(err, context.Canceled) || l.elapsed() != time.Minute {
		t.Errorf("%v at %v", err, l.elapsed())
	}
}
