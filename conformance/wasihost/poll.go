package wasihost

import (
	"slices"
	"time"
)

// pollable is a resource of wasi:io/poll.
type pollable struct {
	// ready tells whether it has come about.
	ready func() bool
	// at is when it comes about by itself, on the monotonic clock; 0 for never.
	at time.Duration
}

func (in *instance) isReady(p *pollable) bool {
	if p.at > 0 {
		return in.elapsed >= p.at
	}
	return p.ready()
}

// anyOf waits until one of pollables is ready.
func (in *instance) anyOf(pollables ...*pollable) {
	in.await(func() (bool, time.Duration) {
		until := time.Duration(0)
		for _, p := range pollables {
			if in.isReady(p) {
				return true, 0
			}
			if p.at > 0 && (until == 0 || p.at < until) {
				until = p.at
			}
		}
		return false, until
	})
}

// subscribe is the child of a resource that is ready when the function says so.
func subscribe(parent any, ready func() bool) any {
	return childOf{parent, &pollable{ready: ready}}
}

func (in *instance) subscribeAt(at uint64) any {
	return &pollable{at: max(1, time.Duration(min(at, 1<<62)))}
}

var _ = implement("wasi:io/poll", map[string]func(in *instance, args []any) any{
	"[method]pollable.ready": func(in *instance, args []any) any {
		return in.isReady(args[0].(*pollable))
	},
	"[method]pollable.block": func(in *instance, args []any) any {
		in.anyOf(args[0].(*pollable))
		return nil
	},
	"poll": func(in *instance, args []any) any {
		list := args[0].([]any)
		if len(list) == 0 {
			trapf("poll of nothing")
		}
		var pollables []*pollable
		for _, p := range list {
			pollables = append(pollables, p.(*pollable))
		}
		in.anyOf(pollables...)
		ready := []any{}
		for i, p := range pollables {
			if in.isReady(p) {
				ready = append(ready, uint64(i))
			}
		}
		return slices.Clip(ready)
	},
})

var _ = implement("wasi:clocks/monotonic-clock", map[string]func(in *instance, args []any) any{
	"now":        func(in *instance, _ []any) any { return uint64(in.nanotime()) },
	"resolution": func(*instance, []any) any { return uint64(time.Microsecond) },
	"subscribe-instant": func(in *instance, args []any) any {
		return in.subscribeAt(args[0].(uint64))
	},
	"subscribe-duration": func(in *instance, args []any) any {
		return in.subscribeAt(uint64(in.elapsed) + min(args[0].(uint64), 1<<62))
	},
})

var _ = implement("wasi:clocks/wall-clock", map[string]func(in *instance, args []any) any{
	"now": func(in *instance, _ []any) any {
		seconds, nanoseconds := in.walltime()
		return []any{uint64(seconds), uint64(nanoseconds)}
	},
	"resolution": func(*instance, []any) any { return []any{uint64(0), uint64(1)} },
})
