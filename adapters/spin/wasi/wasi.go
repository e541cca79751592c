// Package wasi binds the WASI 0.2 interfaces that an HTTP gateway needs: wasi:http
// incoming and outgoing, the streams, polls and errors of wasi:io, and the monotonic
// clock. Wall clock, randomness, environment and standard error are Go's own, by WASI
// preview 1.
//
// The bindings decide nothing. They promise that every resource is dropped, children
// before parents, whatever fails and whenever a context ends; that a header name may
// come several times in both directions; and that bodies stream.
//
// Go on WASI has one thread: an import that blocks stops every goroutine, and with them
// the timers that end contexts. So nothing here calls a blocking import except
// [Loop.Run], which does so only when no goroutine can go on, and for no longer than
// until the next deadline.
//
// An instance serves one request at a time, as hosts that follow the component model
// call it.
package wasi

import (
	"context"
	"errors"
	"io"
	"time"

	"gatehouse/adapters/spin/abi"
)

// Field is one line of a header. Hosts spell names in lower case and keep values as
// they came.
type Field = abi.Field

// ErrorCode is why an exchange failed, as the host says.
type ErrorCode = abi.ErrorCode

// Request is a request that a host makes for us.
type Request struct {
	Method        string
	Scheme        string // "http" or "https"
	Authority     string // host or host:port
	PathWithQuery string
	// Fields must not contain what hosts forbid: see the WIT text of fields.
	Fields []Field
	// Body is nil when there is none. It is read by a goroutine of its own until
	// the request's context ends, and not closed.
	Body io.Reader
	// HeaderTimeout bounds the time from the end of the request until the answer's
	// header; 0 does not.
	HeaderTimeout time.Duration
	// Timeouts that hosts may keep; 0 is the host's own.
	ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout time.Duration
}

// Passed is what an application that is composed with the gateway is given, and how its
// answer is changed. Method, scheme, authority and body are the request's own.
type Passed struct {
	PathWithQuery string
	Fields        []Field
	// OwnCookies is what the names of the gateway's cookies begin with: the
	// application cannot set those that are called so or go on with "-".
	OwnCookies string
	// Private is an answer that no cache may keep: fields that say otherwise are
	// removed from it.
	Private bool
	// Additions are fields that the answer gets.
	Additions []Field
}

// ErrHeaderTimeout says that a request's HeaderTimeout is over.
var ErrHeaderTimeout = errors.New("wasi: no answer in time")

// Response is an answer whose body has not been read.
type Response struct {
	Status int
	Fields []Field
	Body   ResponseBody
}

// ResponseBody is an answer's body. Reads end with io.EOF, an [*ErrorCode], the
// request's context's error or another error of the stream.
type ResponseBody interface {
	io.ReadCloser
	// Trailers returns what follows the body, which must have been read to its end.
	// The body is closed then.
	Trailers() ([]Field, error)
}

// Incoming is a request to be answered.
type Incoming struct {
	Method        string
	Scheme        string // "" when the host does not say
	Authority     string // "" when the host does not say
	PathWithQuery string
	Fields        []Field
	// Body is never nil. A request without a body has an empty one.
	Body io.Reader
}

// Answer takes the response to a request.
type Answer interface {
	// Begin sends status and fields. It may be called once. Without body, what
	// Content-Length announces need not follow (RFC 9110, section 6.4.1), and the
	// writer is nil. Fields that the host does not accept are left out.
	Begin(status int, fields []Field, body bool) (AnswerBody, error)
}

// AnswerBody is the body of an answer under way. One of Finish and Abort must be
// called, and nothing after it.
type AnswerBody interface {
	// Write blocks until the host has taken all of p.
	io.Writer
	// Flush blocks until the host has passed on what was written.
	Flush() error
	// Finish ends the body, with trailers unless empty.
	Finish(trailers []Field) error
	// Abort ends the answer so that the client sees it is incomplete.
	Abort()
}

// Handler answers a request. ctx ends when it returns; what it started must end then.
// background is run after the answer has ended; it is nil when there is nothing to
// do.
type Handler func(ctx context.Context, in *Incoming, answer Answer) (background func())

// BodyError is a request whose own body could not be read.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "wasi: request body: " + e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }
