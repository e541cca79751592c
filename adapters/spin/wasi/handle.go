//go:build wasip1

package wasi

import (
	"context"
	"errors"

	"gatehouse/adapters/spin/abi"
)

// handler is what the export calls.
var handler Handler

// Handle sets the handler. A program calls it from init: main is not run.
func Handle(h Handler) { handler = h }

//go:wasmexport wasi:http/incoming-handler@0.2.0#handle
func handle(request, outparam uint32) {
	var body *requestBody
	loop.Run(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		body = &requestBody{ctx: ctx, request: request}
		in := readRequest(request)
		in.Body = body
		a := &answer{ctx: ctx, outparam: outparam}
		present.body, present.answer = body, a
		background := handler(ctx, in, a)
		a.close()
		if background != nil {
			background()
		}
	})
	// Nobody reads any more.
	body.close()
}

// readRequest copies what is said about a request.
func readRequest(request uint32) *Incoming {
	c := Begin(maxHeader)
	defer c.Release()
	in := &Incoming{}
	r := c.Enter()
	incomingRequestMethod(request, r)
	in.Method = c.Method(r)
	r = c.Enter()
	incomingRequestPathWithQuery(request, r)
	if c.Some(r) {
		in.PathWithQuery = c.String(r + abi.OptionString)
	}
	r = c.Enter()
	incomingRequestScheme(request, r)
	if c.Some(r) {
		in.Scheme = c.Scheme(r + abi.OptionScheme)
	}
	r = c.Enter()
	incomingRequestAuthority(request, r)
	if c.Some(r) {
		in.Authority = c.String(r + abi.OptionString)
	}
	in.Fields = readFields(c, incomingRequestHeaders(request))
	return in
}

// requestBody takes a request's body when it is first read.
type requestBody struct {
	ctx     context.Context
	request uint32 // 0 when the request was dropped
	*reader
}

func (b *requestBody) Read(p []byte) (int, error) {
	if b.reader == nil {
		if b.request == 0 {
			return 0, errClosed
		}
		c := Begin(small)
		r := c.Enter()
		incomingRequestConsume(b.request, r)
		failed, handle := c.Failed(r), c.U32(r+abi.Handle)
		c.Release()
		dropIncomingRequest(b.request)
		b.request = 0
		if failed {
			return 0, errTaken
		}
		var err error
		if b.reader, err = newReader(b.ctx, handle); err != nil {
			return 0, err
		}
	}
	return b.reader.Read(p)
}

func (b *requestBody) close() {
	if b.reader != nil {
		b.reader.Close()
	}
	if b.request != 0 {
		dropIncomingRequest(b.request)
	}
	b.request = 0
}

// answer is a response-outparam and what was made of it.
type answer struct {
	ctx      context.Context
	outparam uint32 // 0 when it was set
	body     *writer
}

var errAnswered = errors.New("wasi: answer was begun already")

// Begin implements [Answer].
func (a *answer) Begin(status int, fields []Field, withBody bool) (AnswerBody, error) {
	if a.outparam == 0 {
		return nil, errAnswered
	}
	headers, _ := makeFields(fields, false)
	response := newOutgoingResponse(headers)
	if outgoingResponseSetStatusCode(response, uint32(status)) != 0 {
		dropOutgoingResponse(response)
		return nil, errRequest
	}
	if withBody {
		c := Begin(small)
		r := c.Enter()
		outgoingResponseBody(response, r)
		failed, handle := c.Failed(r), c.U32(r+abi.Handle)
		c.Release()
		if failed {
			dropOutgoingResponse(response)
			return nil, errTaken
		}
		body, err := newWriter(a.ctx, handle)
		if err != nil {
			dropOutgoingResponse(response)
			return nil, err
		}
		a.body = body
	}
	responseOutparamSet(a.outparam, 0, response, 0, 0, 0, 0, 0, 0)
	a.outparam = 0
	if a.body == nil {
		return nil, nil
	}
	return a.body, nil
}

// internalError is the discriminant of the error-code internal-error.
const internalError = 38

// close ends what the handler left open: an answer that was not begun is an internal
// error, and one that was not finished is aborted.
func (a *answer) close() {
	if a.outparam != 0 {
		responseOutparamSet(a.outparam, 1, internalError, 0, 0, 0, 0, 0, 0)
		a.outparam = 0
	}
	if a.body != nil {
		a.body.Abort()
	}
}
