package wasihost

import "io"

// incomingBody is a resource of wasi:http/types: the body of the client's request, or
// of an answer from outside.
type incomingBody struct {
	source *source
	done   func() // gives the message up
	opened bool
}

func (b *incomingBody) drop() { b.done() }

// futureTrailers is a resource of wasi:http/types. No message has trailers here.
type futureTrailers struct {
	*incomingBody
	taken bool
}

// ready skips what is left of the body.
func (f *futureTrailers) ready() bool {
	for {
		if drained, err := f.source.drained(); drained || err != nil {
			return true
		}
		if b, _ := f.source.take(chunk); len(b) == 0 {
			return false
		}
	}
}

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"[method]incoming-body.stream": func(_ *instance, args []any) any {
		b := args[0].(*incomingBody)
		if b.opened {
			return failed(nil)
		}
		b.opened = true
		return ok(childOf{b, &inputStream{source: b.source}})
	},
	"[static]incoming-body.finish": func(_ *instance, args []any) any {
		return &futureTrailers{incomingBody: args[0].(*incomingBody)}
	},
	"[method]future-trailers.subscribe": func(_ *instance, args []any) any {
		f := args[0].(*futureTrailers)
		return subscribe(f, f.ready)
	},
	"[method]future-trailers.get": func(_ *instance, args []any) any {
		f := args[0].(*futureTrailers)
		if !f.ready() {
			return none
		}
		if f.taken {
			return some(failed(nil))
		}
		f.taken = true
		if _, err := f.source.drained(); err != io.EOF {
			return some(ok(failed(errorCode(err))))
		}
		return some(ok(ok(none)))
	},
})
