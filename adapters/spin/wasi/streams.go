//go:build wasip1

package wasi

import (
	"context"
	"errors"
	"io"
	"unsafe"

	"gatehouse/adapters/spin/abi"
)

var (
	errClosed = errors.New("wasi: stream is closed")
	errStream = errors.New("wasi: stream failed")
	errTaken  = errors.New("wasi: body was taken already")
)

// maxChunk bounds what is read from or written to a stream at once.
const maxChunk = 64 << 10

// reader reads an incoming-body. Handles are 0 when there is none: hosts number
// resources from 1.
type reader struct {
	ctx                    context.Context
	body, stream, pollable uint32
	err                    error
}

// newReader takes over the incoming-body that consume returned.
func newReader(ctx context.Context, body uint32) (*reader, error) {
	c := Begin(small)
	defer c.Release()
	r := c.Enter()
	incomingBodyStream(body, r)
	if c.Failed(r) {
		dropIncomingBody(body)
		return nil, errTaken
	}
	return &reader{ctx: ctx, body: body, stream: c.U32(r + abi.Handle)}, nil
}

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.err == nil {
		n, err := r.try(p)
		if err != nil {
			r.err = err
			if err == errClosed {
				r.err = io.EOF
			}
			break
		}
		if n > 0 {
			return n, nil
		}
		if r.pollable == 0 {
			r.pollable = inputStreamSubscribe(r.stream)
		}
		if err := loop.Wait(r.ctx, r.pollable); err != nil {
			return 0, err
		}
	}
	return 0, r.err
}

// try reads what is there.
func (r *reader) try(p []byte) (int, error) {
	if r.stream == 0 {
		return 0, errClosed
	}
	n := min(len(p), maxChunk)
	c := Begin(small + n)
	defer c.Release()
	result := c.Enter()
	inputStreamRead(r.stream, uint64(n), result)
	if c.Failed(result) {
		return 0, streamError(c, result+abi.StreamFailure)
	}
	return c.Copy(p, result+4), nil
}

// closeStream drops what belongs to the body.
func (r *reader) closeStream() {
	if r.pollable != 0 {
		dropPollable(r.pollable)
	}
	if r.stream != 0 {
		dropInputStream(r.stream)
	}
	r.pollable, r.stream = 0, 0
}

// Close implements [io.Closer]. It may be called repeatedly.
func (r *reader) Close() error {
	r.closeStream()
	if r.body != 0 {
		dropIncomingBody(r.body)
	}
	r.body = 0
	if r.err == nil {
		r.err = errClosed
	}
	return nil
}

// Trailers implements [ResponseBody].
func (r *reader) Trailers() ([]Field, error) {
	if r.err != io.EOF || r.body == 0 {
		return nil, errClosed
	}
	r.closeStream()
	future := incomingBodyFinish(r.body)
	r.body = 0
	defer dropFutureTrailers(future)
	fields, ready, err := getTrailers(future)
	if !ready {
		pollable := futureTrailersSubscribe(future)
		err := loop.Wait(r.ctx, pollable)
		dropPollable(pollable)
		if err != nil {
			return nil, err
		}
		fields, _, err = getTrailers(future)
		return fields, err
	}
	return fields, err
}

// getTrailers takes the trailers if they are there.
func getTrailers(future uint32) (fields []Field, ready bool, err error) {
	c := Begin(maxHeader)
	defer c.Release()
	r := c.Enter()
	futureTrailersGet(future, r)
	switch {
	case !c.Some(r):
		return nil, false, errStream
	case c.Failed(r + abi.FutureOuter):
		return nil, true, errStream
	case c.Failed(r + abi.FutureInner):
		return nil, true, c.Code(r + abi.FutureValue)
	case !c.Some(r + abi.FutureValue):
		return nil, true, nil
	}
	return readFields(c, c.U32(r+abi.FutureValue+abi.Handle)), true, nil
}

// writer writes an outgoing-body.
type writer struct {
	ctx                    context.Context
	body, stream, pollable uint32
}

// newWriter takes over the outgoing-body that body returned.
func newWriter(ctx context.Context, body uint32) (*writer, error) {
	c := Begin(small)
	defer c.Release()
	r := c.Enter()
	outgoingBodyWrite(body, r)
	if c.Failed(r) {
		dropOutgoingBody(body)
		return nil, errTaken
	}
	return &writer{ctx: ctx, body: body, stream: c.U32(r + abi.Handle)}, nil
}

// Write implements [io.Writer].
func (w *writer) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		room, err := w.room()
		if err != nil {
			return written, err
		}
		n := min(len(p), room, maxChunk)
		if err := w.write(p[:n]); err != nil {
			return written, err
		}
		written += n
		p = p[n:]
	}
	return written, nil
}

// room waits until the stream takes something, and returns how much.
func (w *writer) room() (int, error) {
	for {
		if w.stream == 0 {
			return 0, errClosed
		}
		n, err := w.check()
		if err != nil || n > 0 {
			return n, err
		}
		if w.pollable == 0 {
			w.pollable = outputStreamSubscribe(w.stream)
		}
		if err := loop.Wait(w.ctx, w.pollable); err != nil {
			return 0, err
		}
	}
}

func (w *writer) check() (int, error) {
	c := Begin(small)
	defer c.Release()
	r := c.Enter()
	outputStreamCheckWrite(w.stream, r)
	if c.Failed(r) {
		return 0, streamError(c, r+abi.StreamFailure64)
	}
	return int(min(c.U64(r+abi.Count), maxChunk)), nil
}

func (w *writer) write(p []byte) error {
	c := Begin(small)
	defer c.Release()
	r := c.Enter()
	outputStreamWrite(w.stream, unsafe.SliceData(p), uint32(len(p)), r)
	if c.Failed(r) {
		return streamError(c, r+abi.StreamFailure)
	}
	return nil
}

// Flush implements [AnswerBody]. A flush is over when the stream takes something
// again.
func (w *writer) Flush() error {
	if w.stream == 0 {
		return errClosed
	}
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.room()
	return err
}

func (w *writer) flush() error {
	c := Begin(small)
	defer c.Release()
	r := c.Enter()
	outputStreamFlush(w.stream, r)
	if c.Failed(r) {
		return streamError(c, r+abi.StreamFailure)
	}
	return nil
}

func (w *writer) closeStream() {
	if w.pollable != 0 {
		dropPollable(w.pollable)
	}
	if w.stream != 0 {
		dropOutputStream(w.stream)
	}
	w.pollable, w.stream = 0, 0
}

// Finish implements [AnswerBody].
func (w *writer) Finish(trailers []Field) error {
	if w.body == 0 {
		return errClosed
	}
	err := w.Flush()
	if err != nil {
		w.Abort()
		return err
	}
	w.closeStream()
	some, fields := uint32(0), uint32(0)
	if len(trailers) > 0 {
		fields, _ = makeFields(trailers, false)
		some = 1
	}
	body := w.body
	w.body = 0
	c := Begin(small)
	defer c.Release()
	r := c.Enter()
	outgoingBodyFinish(body, some, fields, r)
	if c.Failed(r) {
		return c.Code(r + abi.CodeInResult)
	}
	return nil
}

// Abort implements [AnswerBody]: a body that is dropped is incomplete.
func (w *writer) Abort() {
	w.closeStream()
	if w.body != 0 {
		dropOutgoingBody(w.body)
	}
	w.body = 0
}
