package wasihost

import (
	"context"
	"errors"
	"io"
)

// failure is a resource of wasi:io/error.
type failure struct {
	err  error
	code choice // option<error-code>
}

// Cases of wasi:http/types.error-code.
const (
	connectionTerminated = 7
	connectionTimeout    = 9 // connection-read-timeout
	requestBodySize      = 17
	methodInvalid        = 18
	uriInvalid           = 19
	responseIncomplete   = 25
	responseBodySize     = 28
	internalError        = 38
)

// errorCode is the error-code that a host makes of a failed exchange.
func errorCode(err error) choice {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errImpatient):
		return choice{number: connectionTimeout}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return choice{number: responseIncomplete}
	}
	return choice{internalError, optional(err.Error())}
}

var _ = implement("wasi:io/error", map[string]func(in *instance, args []any) any{
	"[method]error.to-debug-string": func(_ *instance, args []any) any {
		return args[0].(*failure).err.Error()
	},
})

var _ = implement("wasi:http/types", map[string]func(in *instance, args []any) any{
	"http-error-code": func(_ *instance, args []any) any { return args[0].(*failure).code },
})
