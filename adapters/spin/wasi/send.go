//go:build wasip1

package wasi

import (
	"context"
	"errors"
	"io"
	"time"

	"gatehouse/adapters/spin/abi"
)

var errRequest = errors.New("wasi: host does not accept the request")

// Send makes a request and returns its answer when the header has come. Until the
// answer's body is closed ctx governs the exchange. The error is an [*ErrorCode], a
// [*BodyError], ctx's or another one of the host's.
func Send(ctx context.Context, r *Request) (*Response, error) {
	request, body, err := makeRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	future, err := start(request, r)
	if err != nil {
		if body != nil {
			body.Abort()
		}
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	sent := ctx
	if body != nil {
		body.ctx = ctx
		uploading, over := context.WithCancelCause(ctx)
		go func() {
			err := upload(body, r.Body)
			if err != nil {
				cancel(err)
			}
			over(errSent)
		}()
		sent = uploading
	}
	response, err := await(ctx, sent, future, r.HeaderTimeout)
	if err == nil {
		var answer *Response
		if answer, err = receive(ctx, response); err == nil {
			answer.Body = &exchangeBody{answer.Body, cancel}
			return answer, nil
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	cancel(err)
	return nil, err
}

// errSent ends the context that lasts while a request's body is sent.
var errSent = errors.New("wasi: request is sent")

// exchangeBody ends the exchange when it is closed.
type exchangeBody struct {
	ResponseBody
	cancel context.CancelCauseFunc
}

func (b *exchangeBody) Close() error {
	b.cancel(errClosed)
	return b.ResponseBody.Close()
}

// makeRequest makes an outgoing-request, and the writer of its body if it has one.
func makeRequest(ctx context.Context, r *Request) (request uint32, body *writer, err error) {
	fields, err := makeFields(r.Fields, true)
	if err != nil {
		return 0, nil, err
	}
	request = newOutgoingRequest(fields)
	method, other := abi.MethodCase(r.Method)
	scheme, otherScheme := abi.SchemeCase(r.Scheme)
	if outgoingRequestSetMethod(request, method, other) != 0 ||
		outgoingRequestSetScheme(request, 1, scheme, otherScheme) != 0 ||
		outgoingRequestSetAuthority(request, 1, r.Authority) != 0 ||
		outgoingRequestSetPathWithQuery(request, 1, r.PathWithQuery) != 0 {
		dropOutgoingRequest(request)
		return 0, nil, errRequest
	}
	if r.Body == nil {
		return request, nil, nil
	}
	c := Begin(small)
	result := c.Enter()
	outgoingRequestBody(request, result)
	failed, handle := c.Failed(result), c.U32(result+abi.Handle)
	c.Release()
	if failed {
		dropOutgoingRequest(request)
		return 0, nil, errTaken
	}
	if body, err = newWriter(ctx, handle); err != nil {
		dropOutgoingRequest(request)
		return 0, nil, err
	}
	return request, body, nil
}

// start hands the request over; it is the host's in any case.
func start(request uint32, r *Request) (future uint32, err error) {
	options := newRequestOptions()
	for _, o := range []struct {
		set func(uint32, uint32, uint64) uint32
		to  time.Duration
	}{
		{setConnectTimeout, r.ConnectTimeout},
		{setFirstByteTimeout, r.FirstByteTimeout},
		{setBetweenBytesTimeout, r.BetweenBytesTimeout},
	} {
		if o.to > 0 {
			o.set(options, 1, uint64(o.to)) // a host need not support it
		}
	}
	c := Begin(small)
	defer c.Release()
	result := c.Enter()
	outgoingHandle(request, 1, options, result)
	if c.Failed(result) {
		return 0, c.Code(result + abi.CodeInResult)
	}
	return c.U32(result + abi.CodeInResult), nil
}

// await waits for the answer's header, from the end of sending for at most timeout,
// and drops future. sending ends with the cause errSent; it is ctx if there is no body
// to send.
func await(ctx, sending context.Context, future uint32, timeout time.Duration) (response uint32, err error) {
	defer dropFutureIncomingResponse(future)
	pollable := futureIncomingResponseSubscribe(future)
	err = awaitHeader(ctx, sending, pollable, timeout)
	dropPollable(pollable)
	if err != nil {
		return 0, err
	}
	c := Begin(small)
	defer c.Release()
	result := c.Enter()
	futureIncomingResponseGet(future, result)
	switch {
	case !c.Some(result) || c.Failed(result+abi.FutureOuter):
		return 0, errStream
	case c.Failed(result + abi.FutureInner):
		return 0, c.Code(result + abi.FutureValue)
	}
	return c.U32(result + abi.FutureValue), nil
}

func awaitHeader(ctx, sending context.Context, pollable uint32, timeout time.Duration) error {
	if sending != ctx {
		err := loop.Wait(sending, pollable)
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	if timeout <= 0 {
		return loop.Wait(ctx, pollable)
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := loop.Wait(limited, pollable)
	if err != nil && ctx.Err() == nil {
		return ErrHeaderTimeout
	}
	return err
}

// receive reads the header and takes the body of an incoming-response, and drops it.
func receive(ctx context.Context, response uint32) (*Response, error) {
	defer dropIncomingResponse(response)
	answer := &Response{Status: int(incomingResponseStatus(response))}
	c := Begin(maxHeader)
	answer.Fields = readFields(c, incomingResponseHeaders(response))
	result := c.Enter()
	incomingResponseConsume(response, result)
	failed, handle := c.Failed(result), c.U32(result+abi.Handle)
	c.Release()
	if failed {
		return nil, errTaken
	}
	body, err := newReader(ctx, handle)
	if err != nil {
		return nil, err
	}
	answer.Body = body
	return answer, nil
}

// upload sends body. The error is a [*BodyError]: that the host takes no more of it is
// no failure, because the answer may have come already, or says what is wrong.
func upload(w *writer, body io.Reader) error {
	defer w.Abort()
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return nil
			}
		}
		if err == io.EOF {
			_ = w.Finish(nil)
			return nil
		}
		if err != nil {
			return &BodyError{err}
		}
	}
}
