package cloudflare

import (
	"context"
	"io"
	"sync"
)

// body is a stream that stayed in a request's pump: the client's body (source 0) or an
// answer's. Reading it brings it into Go, piece by piece; most bodies are passed on
// without that.
type body struct {
	bridge *bridge
	ctx    context.Context
	source int // operation that fetched it; 0: the request's own

	mu   sync.Mutex
	used bool // read, or handed over
	rest []byte
	err  error
}

// Read implements io.Reader. The error may be the context's.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = true
	for len(b.rest) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		var r reply
		if _, r, b.err = b.bridge.call(b.ctx, operation{kind: "read", number: b.source}); b.err == nil && len(r.data) == 0 {
			b.err = io.EOF
		}
		b.rest = r.data
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements io.Closer. What is not read is not fetched.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = errClosed
	}
	b.rest = nil
	return nil
}

// take claims the whole stream for handing it over, unless some of it was read.
func (b *body) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used || b.err != nil {
		return false
	}
	b.used, b.err = true, errClosed
	return true
}
