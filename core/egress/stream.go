package egress

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Stream sends r and returns the answer when its header is there, within the client's
// Timeout. Its body is read as it comes; it ends with ErrTooLarge after limit bytes,
// with context.DeadlineExceeded when the whole took longer than total, with ctx's error
// when that ended, or with the transport's. The caller closes it, which ends the
// exchange. A redirect is an answer like any other. The error is as of [Client.Do];
// ErrTooLarge when the header announces more than limit.
func (c *Client) Stream(ctx context.Context, r *http.Request, total time.Duration, limit int64) (*http.Response, error) {
	if err := c.Check(r.URL); err != nil {
		return nil, err
	}
	if c.stuck(c.now()) {
		return nil, fmt.Errorf("%w: %s", ErrStuck, hostOf(r.URL))
	}
	ctx, cancel := context.WithTimeout(ctx, total)
	s := &stream{header: make(chan struct{})}
	s.reader, s.writer = io.Pipe()
	stop := context.AfterFunc(ctx, func() {
		// Whoever reads or writes the pipe stops waiting; the exchange itself may not.
		_ = s.writer.CloseWithError(ctx.Err())
		c.mu.Lock()
		s.place = c.late.PushBack(c.now())
		c.mu.Unlock()
		if s.abandoned.Swap(true) {
			c.ended(&s.exchange)
		}
	})
	go func() {
		s.run(c.Transport, r.WithContext(ctx), limit)
		if stop() {
			cancel()
		} else if s.abandoned.Swap(true) {
			c.ended(&s.exchange)
		}
	}()
	timer := time.NewTimer(c.Timeout)
	defer timer.Stop()
	var err error
	select {
	case <-s.header:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = context.DeadlineExceeded
	}
	select {
	case <-s.header:
		// It may have come in the same instant.
		if err = s.err; err == nil {
			answer := *s.res
			answer.Body = &streamBody{s.reader, cancel}
			return &answer, nil
		}
		err = withoutURL(err, r.URL)
	default:
	}
	cancel()
	return nil, fmt.Errorf("egress: %s %s: %w", r.Method, hostOf(r.URL), err)
}

// stream is an exchange whose answer is read while it comes. res and err may be read
// once header is closed.
type stream struct {
	exchange
	header chan struct{}
	res    *http.Response
	told   atomic.Bool
	reader *io.PipeReader
	writer *io.PipeWriter
}

// tell is called once, or more often with the later calls ignored.
func (s *stream) tell(res *http.Response, err error) {
	if !s.told.Swap(true) {
		s.res, s.err = res, err
		close(s.header)
	}
}

// run sends r, tells the header and writes the body into the pipe.
func (s *stream) run(transport http.RoundTripper, r *http.Request, limit int64) {
	defer func() {
		if recover() != nil {
			s.tell(nil, errPanic)
			_ = s.writer.CloseWithError(errPanic)
		}
	}()
	res, err := transport.RoundTrip(r)
	if err != nil {
		s.tell(nil, err)
		return
	}
	defer res.Body.Close()
	if res.ContentLength > limit {
		s.tell(nil, ErrTooLarge)
		return
	}
	s.tell(res, nil)
	body := &contextReader{r.Context(), res.Body}
	n, err := io.Copy(s.writer, io.LimitReader(body, limit))
	if err == nil && n == limit {
		var more [1]byte
		if n, e := io.ReadFull(body, more[:]); n > 0 {
			err = ErrTooLarge
		} else if e != io.EOF {
			err = e
		}
	}
	if err != nil {
		err = withoutURL(err, r.URL)
	}
	_ = s.writer.CloseWithError(err) // nil is the end
}

// streamBody ends its exchange when it is closed.
type streamBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

// Close implements [io.Closer].
func (b *streamBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}
