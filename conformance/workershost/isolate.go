package workershost

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/dop251/goja"

	"gatehouse/core/kv"
)

// Env is what a Worker is deployed with, and the world that it reaches.
type Env struct {
	// Vars are variables and secrets.
	Vars map[string]string
	// KV are key-value namespaces by binding.
	KV map[string]kv.Driver
	// Objects are Durable Object namespaces by binding.
	Objects map[string]*Objects
	// Services are service bindings.
	Services map[string]http.RoundTripper
	// Limits are rate-limit bindings: events per period.
	Limits map[string]Limit
	// Fetch answers the global fetch. The contexts of its requests are for [Wait].
	Fetch http.RoundTripper
	// Now is the clock.
	Now func() time.Time
	// Elapse moves it by the virtual time that passes; nil means that the isolate's
	// clock is ahead by that.
	Elapse func(time.Duration)
	// Random is the entropy; nil means crypto/rand.
	Random io.Reader
	// Log receives what the Worker writes to the console and what it fails to catch;
	// level is the name of the method.
	Log func(level, line string)
}

// Isolate is a realm with the Worker's modules evaluated once.
type Isolate struct {
	worker *Worker
	env    *Env
	loop   *loop
	vm     *goja.Runtime

	// Only the loop's goroutine touches these.
	current   *ioContext
	contexts  map[*ioContext]bool
	instances []*instance
	sources   map[int64]*source
	handles   int64
	dispatch  goja.Callable
	actor     goja.Callable
	limits    map[string]*bucket
	actors    map[int64]*ioContext
	stopped   chan struct{}

	mu      sync.Mutex
	open    int // requests that Settle waits for
	waiters []chan struct{}
}

// NewIsolate evaluates the Worker. The isolate runs until Close.
func (w *Worker) NewIsolate(env Env) (*Isolate, error) {
	if env.Random == nil {
		env.Random = rand.Reader
	}
	if env.Log == nil {
		env.Log = func(string, string) {}
	}
	s := &Isolate{
		worker: w, env: &env, loop: newLoop(env.Elapse), vm: goja.New(), contexts: map[*ioContext]bool{},
		sources: map[int64]*source{}, limits: map[string]*bucket{}, actors: map[int64]*ioContext{}, stopped: make(chan struct{}),
	}
	started := make(chan error, 1)
	go func() {
		defer close(s.stopped)
		err := s.start()
		started <- err
		if err == nil {
			s.loop.run(s.turn)
		}
		s.free()
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return s, nil
}

// start makes the globals and evaluates the Worker's modules.
func (s *Isolate) start() error {
	s.vm.SetTimeSource(s.clock)
	s.vm.SetAsyncContextTracker(tracker{s})
	s.vm.SetMaxCallStackSize(2000)
	s.defineWebAssembly()
	natives := s.natives()
	for _, p := range polyfills {
		f, err := s.vm.RunProgram(p)
		if err != nil {
			return fmt.Errorf("workershost: %w", err)
		}
		call, _ := goja.AssertFunction(f)
		if _, err := call(goja.Undefined(), natives, s.vm.GlobalObject()); err != nil {
			return fmt.Errorf("workershost: %w", err)
		}
	}
	if _, err := s.vm.RunProgram(s.worker.script); err != nil {
		return fmt.Errorf("workershost: the Worker does not start: %w", err)
	}
	entry, _ := goja.AssertFunction(natives.Get("entry"))
	v, err := entry(goja.Undefined(), s.vm.Get("__worker"), s.bindings())
	if err != nil {
		return fmt.Errorf("workershost: %w", err)
	}
	o := v.ToObject(s.vm)
	s.dispatch, _ = goja.AssertFunction(o.Get("dispatch"))
	s.actor, _ = goja.AssertFunction(o.Get("actor"))
	return nil
}

// clock stands still while JavaScript runs.
func (s *Isolate) clock() time.Time {
	if s.current == nil {
		return time.Unix(0, 0)
	}
	if s.env.Elapse != nil {
		return s.env.Now()
	}
	return s.env.Now().Add(s.loop.elapsed())
}

func (s *Isolate) log(level, line string) { s.env.Log(level, line) }

// throw throws a JavaScript error.
func (s *Isolate) throw(class, message string) {
	construct, _ := goja.AssertConstructor(s.vm.Get(class))
	o, err := construct(nil, s.vm.ToValue(message))
	if err != nil {
		panic(err)
	}
	panic(o)
}

// errorOf is err as JavaScript sees it.
func (s *Isolate) errorOf(err error) goja.Value {
	construct, _ := goja.AssertConstructor(s.vm.Get("Error"))
	o, cerr := construct(nil, s.vm.ToValue(err.Error()))
	if cerr != nil {
		return s.vm.ToValue(err.Error())
	}
	return o
}

// Settle returns when no request is under way, work in the background included.
func (s *Isolate) Settle() {
	s.mu.Lock()
	if s.open == 0 {
		s.mu.Unlock()
		return
	}
	done := make(chan struct{})
	s.waiters = append(s.waiters, done)
	s.mu.Unlock()
	select {
	case <-done:
	case <-s.stopped:
	}
}

// count adds n to the requests under way and wakes those who settle.
func (s *Isolate) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open += n; s.open == 0 {
		for _, w := range s.waiters {
			close(w)
		}
		s.waiters = nil
	}
}

// Close ends the isolate and all that is under way in it.
func (s *Isolate) Close() {
	s.loop.post(func() {
		for c := range s.contexts {
			if c.exchange != nil {
				c.exchange.fail(errClosed)
			}
			c.end(errClosed)
		}
		s.loop.close()
	})
	<-s.stopped
}

func (s *Isolate) free() {
	for _, in := range s.instances {
		_ = in.module.Close(context.Background())
	}
}
