package wasihost

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// instance is the module in the state of one request. Its fields belong to the
// goroutine that runs the module; others only call [instance.notify].
type instance struct {
	env     *Environment
	defined *definitions
	table   *table
	// ctx ends the instance. calls is the context of calls into the module.
	ctx, calls context.Context

	mod      api.Module
	realloc  api.Function
	reserved []uint32 // the adapter's memory
	lowering bool     // a cabi_realloc is running

	wake    chan struct{}
	elapsed time.Duration // of the monotonic clock
	output  output
}

// errStopped ends an instance that the host gives up.
var errStopped = errors.New("wasihost: the instance was stopped")

// startInstance makes an instance and initializes the module.
func (p *Program) startInstance(ctx context.Context, env *Environment) (in *instance, err error) {
	in = &instance{env: env, defined: p.defined, table: newTable(), wake: make(chan struct{}, 1), ctx: ctx, elapsed: time.Hour}
	in.output.log = env.Log
	in.calls = context.WithValue(context.Background(), instanceKey{}, in)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithWalltime(in.walltime, 1).WithNanotime(in.nanotime, 1).WithNanosleep(in.nanosleep).
		WithRandSource(rand.Reader).WithStdout(&in.output).WithStderr(&in.output)
	for name, value := range env.Environ {
		config = config.WithEnv(name, value)
	}
	if in.mod, err = p.runtime.InstantiateModule(experimental.WithMemoryAllocator(in.calls, &p.memories), p.compiled, config); err != nil {
		return nil, err
	}
	memory, fits := in.memory().Read(p.data.at, uint32(len(p.data.data)))
	if !fits {
		in.mod.Close(in.calls)
		return nil, errors.New("the module's data does not fit into its memory")
	}
	place(memory, p.data.data)
	in.realloc = in.mod.ExportedFunction(allocator)
	if err := in.call(initialize); err != nil {
		in.mod.Close(in.calls)
		return nil, fmt.Errorf("%s: %w", initialize, in.explain(err))
	}
	return in, nil
}

// call calls an export without results.
func (in *instance) call(name string, params ...uint64) error {
	_, err := in.mod.ExportedFunction(name).Call(in.calls, params...)
	return err
}

// explain adds to err what the module printed last.
func (in *instance) explain(err error) error {
	if out := in.output.String(); out != "" {
		err = fmt.Errorf("%w\nThe last output was:\n%s", err, out)
	}
	return err
}

func (in *instance) memory() api.Memory { return in.mod.Memory() }

// notify wakes the module's goroutine if it waits. Any goroutine may call it.
func (in *instance) notify() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// walltime is the world's clock.
func (in *instance) walltime() (int64, int32) {
	now := in.env.Now()
	return now.Unix(), int32(now.Nanosecond())
}

// nanotime is the monotonic clock. Only time that the module spends waiting counts,
// so that a busy machine does not use up its deadlines, and a microsecond for each
// look at the clock, so that loops end.
func (in *instance) nanotime() int64 {
	in.elapsed += time.Microsecond
	return int64(in.elapsed)
}

// nanosleep is how Go's runtime waits for its timers.
func (in *instance) nanosleep(ns int64) {
	end := in.elapsed + time.Duration(ns)
	in.await(func() (bool, time.Duration) { return in.elapsed >= end, end })
}

// await waits until ready reports true; until is when to ask again, on the monotonic
// clock, 0 for "only when something happens".
func (in *instance) await(ready func() (is bool, until time.Duration)) {
	for {
		is, until := ready()
		if is {
			return
		}
		var timeout <-chan time.Time
		if until > 0 {
			t := time.NewTimer(until - in.elapsed)
			defer t.Stop()
			timeout = t.C
		}
		began := time.Now()
		select {
		case <-timeout:
			in.elapsed = max(in.elapsed, until)
		case <-in.wake:
			in.elapsed += time.Since(began)
			if until > 0 {
				in.elapsed = min(in.elapsed, until)
			}
		case <-in.ctx.Done():
			panic(errStopped)
		}
	}
}
