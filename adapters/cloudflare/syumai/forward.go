package syumai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"gatehouse/core/platform"
)

// forward is the platform.Forwarder. The answer's body is handed over by the runtime;
// the client's comes through Go.
type forward struct {
	send    send
	timeout time.Duration // until an answer begins, once the request is sent
}

var _ platform.Forwarder = (*forward)(nil)

var errStatus = errors.New("syumai: application answered with a status that is none")

// Forward implements [platform.Forwarder].
func (f *forward) Forward(w http.ResponseWriter, out *http.Request, edit func(int, http.Header)) error {
	if out.Header["Upgrade"] != nil {
		return platform.ErrUpgradeUnsupported
	}
	sent, body := prepared(out), newBody(nil)
	if sent.Body != nil {
		body = newBody(sent.Body)
		c := *sent
		c.Body = body
		sent = &c
	}
	res, err := f.answer(sent, body)
	if failed := body.failure(); err != nil && failed != nil {
		return fmt.Errorf("%w: %w", platform.ErrRequestBody, failed)
	}
	if err != nil {
		return err
	}
	if res.StatusCode < 200 || res.StatusCode > 599 {
		return errStatus
	}
	header := join(res.Header)
	edit(res.StatusCode, header)
	maps.Copy(w.Header(), header)
	w.WriteHeader(res.StatusCode)
	if bodiless(res.StatusCode) || out.Method == http.MethodHead {
		return nil
	}
	// The library hands a body over when it is copied to its own writer.
	if _, err := io.Copy(innermost(w), res.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// answer waits for the answer's header, for timeout once body is sent.
func (f *forward) answer(out *http.Request, body *body) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(out.Context())
	defer cancel(nil)
	go func() {
		select {
		case <-body.ended:
		case <-ctx.Done():
			return
		}
		late := time.NewTimer(f.timeout)
		defer late.Stop()
		select {
		case <-late.C:
			cancel(platform.ErrTimeout)
		case <-ctx.Done():
		}
	}()
	res, err := await(ctx, func() (*http.Response, error) { return f.send(out) })
	if errors.Is(err, context.Canceled) && out.Context().Err() == nil {
		return nil, platform.ErrTimeout
	}
	return res, err
}

// body is a client's body that tells when it has ended, and how.
type body struct {
	io.ReadCloser
	ended chan struct{}

	mu   sync.Mutex
	over bool
	err  error
}

// newBody returns one that reads from, or nothing, which has ended already, if that is
// nil.
func newBody(from io.ReadCloser) *body {
	b := &body{ReadCloser: from, ended: make(chan struct{})}
	if from == nil {
		b.end(nil)
	}
	return b
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(err)
	}
	return n, err
}

func (b *body) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.over = true
		if err != io.EOF {
			b.err = err
		}
		close(b.ended)
	}
}

// failure is the error that reading ended with, other than io.EOF.
func (b *body) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
