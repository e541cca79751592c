// Package wasihost runs the core module of a WASI HTTP component, before it is made
// a component, for tests: a handler of net/http in front of it, and behind it every
// interface that the module imports, with a world that the test controls.
//
// It is as strict as a host may be. A module that breaks the canonical ABI or the
// rules of an interface is ended as a real host would end it, and what a real host
// lets pass is reported too: resources that are left when a request is over. One
// instance serves one request, as in Spin.
package wasihost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"gatehouse/core/kv"
)

// Environment is the world of a module. Everything in it must be safe for
// concurrent use.
type Environment struct {
	// Variables are those of fermyon:spin/variables, by their names there.
	Variables map[string]string
	// Fields returns what the host adds to the fields of a request; nil adds nothing.
	Fields func(r *http.Request) [][2]string
	// Environ are environment variables.
	Environ map[string]string
	// Store is the store called "default" of fermyon:spin/key-value.
	Store kv.Driver
	// Network answers outbound requests.
	Network http.RoundTripper
	// Now is the wall clock.
	Now func() time.Time
	// Log receives what the module prints, line by line; nil discards it.
	Log func(line string)
	// Violation receives everything that is wrong with the module.
	Violation func(err error)
}

// Host serves requests, each with an instance of its own.
type Host struct {
	program *Program
	env     *Environment
	ctx     context.Context
	stop    context.CancelFunc

	present sync.WaitGroup // instances whose client is there
	running sync.WaitGroup // all instances
}

// NewHost returns a host of program. It must be closed.
func NewHost(program *Program, env *Environment) *Host {
	h := &Host{program: program, env: env}
	h.ctx, h.stop = context.WithCancel(context.Background())
	return h
}

// Settle waits for the instances that have done with their client.
func (h *Host) Settle() { h.present.Wait() }

// Close stops all instances and waits for their end.
func (h *Host) Close() {
	h.stop()
	h.running.Wait()
}

// ServeHTTP implements [http.Handler].
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, err := newExchange(r)
	if err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	leave := sync.OnceFunc(h.present.Done)
	h.present.Add(1)
	h.running.Add(1)
	go func() {
		defer h.running.Done()
		defer leave()
		if err := h.serve(x); err != nil && !errors.Is(err, errStopped) {
			h.env.Violation(fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err))
		}
	}()
	// A handler is not told that its client has left, and goes on.
	defer context.AfterFunc(r.Context(), func() {
		if x.leave() {
			leave()
		}
	})()
	x.answer(w)
}

// serve runs an instance for x.
func (h *Host) serve(x *exchange) (err error) {
	defer x.end()
	in, err := h.program.startInstance(h.ctx, h.env)
	if err != nil {
		return err
	}
	defer in.output.flush()
	defer in.mod.Close(in.calls)
	defer in.table.clear()
	request, outparam := in.incoming(x)
	if err := in.call(h.program.handler, uint64(request), uint64(outparam)); err != nil {
		return in.explain(err)
	}
	var errs []error
	if in.overwritten() {
		errs = append(errs, errors.New("the module has overwritten memory of cabi_realloc that is the adapter's"))
	}
	if !x.answered() {
		errs = append(errs, errors.New("the handler returned without an answer"))
	}
	if left := in.table.left(); left != "" {
		errs = append(errs, fmt.Errorf("leaked resources: %s", left))
	}
	return errors.Join(errs...)
}
