package wasihost

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// futureResponse is a resource of wasi:http/types: an exchange with the outside.
type futureResponse struct {
	cancel   context.CancelCauseFunc
	notify   func()
	patience time.Duration // between two parts of the body

	mu    sync.Mutex
	done  bool
	res   *http.Response
	err   error
	taken bool
}

// run performs the exchange, on a goroutine of its own.
func (f *futureResponse) run(network http.RoundTripper, req *http.Request, wait time.Duration) {
	stop := func() bool { return true }
	if wait > 0 {
		stop = time.AfterFunc(wait, func() { f.cancel(context.DeadlineExceeded) }).Stop
	}
	res, err := network.RoundTrip(req)
	stop()
	if err != nil && context.Cause(req.Context()) != nil {
		err = context.Cause(req.Context())
	}
	f.mu.Lock()
	f.done, f.res, f.err = true, res, err
	f.mu.Unlock()
	f.notify()
}

func (f *futureResponse) ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// drop gives the exchange up, unless its response is with the module.
func (f *futureResponse) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.taken {
		f.cancel(context.Canceled)
		if f.res != nil {
			f.res.Body.Close()
		}
	}
}

// incomingResponse is a resource of wasi:http/types.
type incomingResponse struct {
	res      *http.Response
	body     *source
	cancel   context.CancelCauseFunc
	consumed bool
}

// giveUp ends the exchange.
func (r *incomingResponse) giveUp() {
	r.cancel(context.Canceled)
	r.body.close()
}

func (r *incomingResponse) drop() {
	if !r.consumed {
		r.giveUp()
	}
}

// take returns what get returns.
func (f *futureResponse) take() choice {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.done:
		return none
	case f.taken:
		return some(failed(nil))
	}
	f.taken = true
	if f.err != nil {
		return some(ok(failed(errorCode(f.err))))
	}
	body := &source{notify: f.notify, patience: f.patience, body: f.res.Body}
	return some(ok(ok(&incomingResponse{res: f.res, body: body, cancel: f.cancel})))
}

var _ = implement("wasi:http/outgoing-handler", map[string]func(in *instance, args []any) any{
	"handle": func(in *instance, args []any) any {
		r := args[0].(*outgoingRequest)
		req, refused := r.message()
		if refused != nil {
			r.drop()
			return failed(*refused)
		}
		f := &futureResponse{notify: in.notify}
		var wait time.Duration
		if o := args[1].(choice); o.number == 1 {
			options := o.value.(*requestOptions)
			wait, f.patience = duration(options.firstByte), duration(options.betweenBytes)
		}
		var ctx context.Context
		ctx, f.cancel = context.WithCancelCause(in.ctx)
		go f.run(in.env.Network, req.WithContext(ctx), wait)
		return ok(f)
	},
})

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"[method]future-incoming-response.subscribe": func(_ *instance, args []any) any {
		f := args[0].(*futureResponse)
		return subscribe(f, f.ready)
	},
	"[method]future-incoming-response.get": func(_ *instance, args []any) any {
		return args[0].(*futureResponse).take()
	},
	"[method]incoming-response.status": func(_ *instance, args []any) any {
		return uint64(args[0].(*incomingResponse).res.StatusCode)
	},
	"[method]incoming-response.headers": func(_ *instance, args []any) any {
		r := args[0].(*incomingResponse)
		return childOf{r, fieldsOf(r.res.Header)}
	},
	"[method]incoming-response.consume": func(_ *instance, args []any) any {
		r := args[0].(*incomingResponse)
		if r.consumed {
			return failed(nil)
		}
		r.consumed = true
		return ok(&incomingBody{source: r.body, done: r.giveUp})
	},
})
