package wasihost

import (
	"errors"
	"io"
	"strconv"
)

// outgoingBody is a resource of wasi:http/types: the body of a request to the
// outside, or of the answer.
type outgoingBody struct {
	pipe     *pipe
	length   int64 // of the Content-Length; -1 for none
	written  int64
	mismatch int // the error-code for another length
	opened   bool
}

func (in *instance) newOutgoingBody(f *fields, mismatch int) *outgoingBody {
	b := &outgoingBody{pipe: newPipe(in.notify), length: -1, mismatch: mismatch}
	if values := f.values("content-length"); len(values) == 1 {
		if n, err := strconv.ParseInt(string(values[0].([]byte)), 10, 64); err == nil {
			b.length = n
		}
	}
	return b
}

var errLength = errors.New("wasihost: the body is longer than its Content-Length")

// write passes p on, unless that is more than was announced.
func (b *outgoingBody) write(p []byte) error {
	if b.length >= 0 && b.written+int64(len(p)) > b.length {
		b.pipe.finish(errLength)
		return errLength
	}
	b.written += int64(len(p))
	b.pipe.write(p)
	return nil
}

// drop breaks the body off.
func (b *outgoingBody) drop() { b.pipe.finish(errBroken) }

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"[method]outgoing-body.write": func(_ *instance, args []any) any {
		b := args[0].(*outgoingBody)
		if b.opened {
			return failed(nil)
		}
		b.opened = true
		return ok(childOf{b, &outputStream{body: b}})
	},
	"[static]outgoing-body.finish": func(_ *instance, args []any) any {
		b := args[0].(*outgoingBody)
		if b.length >= 0 && b.written != b.length {
			b.pipe.finish(errBroken)
			return failed(choice{b.mismatch, some(uint64(b.written))})
		}
		b.pipe.finish(io.EOF)
		return ok(nil)
	},
})
