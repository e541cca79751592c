package provider

import (
	"context"
	"net/http"
)

// Call is a client's request to the provider's API.
type Call struct {
	Method string
	// Path is the escaped path as the client wrote it, relative to the API, beginning
	// with a slash. Last.fm: "/" and the name of the method.
	Path string
	// RawQuery is the query as the client wrote it.
	RawQuery string
	// Header is the client's; few fields pass.
	Header http.Header
	// Body is whole, because a call may be made twice.
	Body []byte
}

// Call makes c with g's token or signature. The answer's status is the provider's, its
// header has only what may pass, its body ends with an error at the bound or the
// deadline; the caller closes it. The error is an [*Error]: NotAllowed, Request,
// Unauthorized (refresh g and call again), Ended, Busy, Configuration, Malformed or
// Unavailable.
func (p *Provider) Call(ctx context.Context, g *Grant, c Call) (*http.Response, error) {
	return nil, &Error{Kind: Unsupported}
}

// CallProtocol is the part of a [Protocol] that makes calls.
type CallProtocol interface{}

// pattern is one line of an allow-list.
type pattern struct{}
