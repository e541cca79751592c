// Package egress makes the core's own outbound requests: only to hosts that the
// configuration names, with a deadline and a body limit that hold even where the
// platform ignores contexts, and without following redirects.
package egress

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrHost: the host is not on the list.
	ErrHost = errors.New("egress: host not allowed")
	// ErrScheme: neither https nor http to a host for which that is allowed.
	ErrScheme = errors.New("egress: scheme not allowed")
	// ErrTooLarge: the answer's body exceeds the limit.
	ErrTooLarge = errors.New("egress: answer too large")
	// ErrStuck: so many exchanges outlive their deadline, because the transport
	// ignores contexts, that no further one is begun.
	ErrStuck = errors.New("egress: too many exchanges do not end")
)

var errPanic = errors.New("transport panicked")

// Bounds on exchanges that go on after their context's end, each of which holds a
// goroutine. One that ends within grace only took its time to notice, as many do at
// once when a client with many requests goes away: others must not suffer for it.
const (
	maxStuck = 64
	maxLate  = 1024 // of any age
	grace    = time.Second
)

// Client sends requests to listed hosts. All fields are required except
// PlainHosts and Now. A Client is safe for concurrent use.
type Client struct {
	Transport http.RoundTripper
	// Hosts lists the allowed "host" or "host:port" in lower case, without a port
	// where it is the scheme's own.
	Hosts []string
	// PlainHosts lists those of Hosts that may be asked over http.
	PlainHosts []string
	// Timeout bounds one exchange, body included; in Stream the wait for the header.
	Timeout time.Duration
	// MaxBody bounds an answer's body in bytes, in Do.
	MaxBody int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	mu   sync.Mutex
	late list.List // of the time.Time of each context's end, oldest first
}

// Answer is a complete response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Check reports whether u may be asked: nil, ErrHost or ErrScheme.
func (c *Client) Check(u *url.URL) error {
	host := hostOf(u)
	switch {
	case u.User != nil || u.Opaque != "" || host == "":
		return fmt.Errorf("%w: malformed address", ErrHost)
	case u.Scheme == "https":
		if contains(c.Hosts, host) {
			return nil
		}
	case u.Scheme == "http":
		if contains(c.PlainHosts, host) {
			return nil
		}
		if contains(c.Hosts, host) {
			return fmt.Errorf("%w: http to %s", ErrScheme, host)
		}
	default:
		return fmt.Errorf("%w: %q", ErrScheme, u.Scheme)
	}
	return fmt.Errorf("%w: %s", ErrHost, host)
}

// Do sends r and reads the whole answer. A redirect is an answer like any other.
// The error is ErrHost, ErrScheme, ErrTooLarge, ErrStuck, context.DeadlineExceeded,
// context.Canceled or the transport's own, wrapped. Its text names method and host;
// a transport's text that repeats the query is left out.
func (c *Client) Do(ctx context.Context, r *http.Request) (*Answer, error) {
	if err := c.Check(r.URL); err != nil {
		return nil, err
	}
	if c.stuck(c.now()) {
		return nil, fmt.Errorf("%w: %s", ErrStuck, hostOf(r.URL))
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	e := &exchange{done: make(chan struct{})}
	go func() {
		e.run(c.Transport, r.WithContext(ctx), c.MaxBody)
		close(e.done)
		if e.abandoned.Swap(true) {
			c.ended(e)
		}
	}()
	select {
	case <-e.done:
	case <-ctx.Done():
		c.mu.Lock()
		e.place = c.late.PushBack(c.now())
		c.mu.Unlock()
		if !e.abandoned.Swap(true) {
			return nil, fmt.Errorf("egress: %s %s: %w", r.Method, hostOf(r.URL), ctx.Err())
		}
		// The exchange ended in the same instant.
		c.ended(e)
		<-e.done
	}
	if e.err != nil {
		return nil, fmt.Errorf("egress: %s %s: %w", r.Method, hostOf(r.URL), withoutURL(e.err, r.URL))
	}
	return e.answer, nil
}

func (c *Client) now() time.Time {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	return now()
}

// stuck reports whether too many exchanges outlive their contexts.
func (c *Client) stuck(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late.Len() < maxStuck || c.late.Len() >= maxLate {
		return c.late.Len() >= maxLate
	}
	place := c.late.Front()
	for range maxStuck - 1 {
		place = place.Next()
	}
	return now.Sub(place.Value.(time.Time)) >= grace
}

// ended is called when a late exchange has ended.
func (c *Client) ended(e *exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late.Remove(e.place)
}

// exchange is one request under way. answer and err may be read once done is
// closed.
type exchange struct {
	answer *Answer
	err    error
	done   chan struct{}
	// abandoned is set by whoever comes second: the end or the deadline.
	abandoned atomic.Bool
	// place is in Client.late, set before abandoned.
	place *list.Element
}

// run sends r and reads the answer. It ends soon after r's context even if the body
// goes on in small pieces for ever.
func (e *exchange) run(transport http.RoundTripper, r *http.Request, maxBody int64) {
	defer func() {
		// The gateway's own recovery does not reach this goroutine.
		if recover() != nil {
			e.answer, e.err = nil, errPanic
		}
	}()
	res, err := transport.RoundTrip(r)
	if err != nil {
		e.err = err
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(&contextReader{r.Context(), res.Body}, maxBody+1))
	switch {
	case err != nil:
		e.err = err
	case int64(len(body)) > maxBody:
		e.err = ErrTooLarge
	default:
		e.answer = &Answer{Status: res.StatusCode, Header: res.Header, Body: body}
	}
}

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// withoutURL drops the address that *url.Error would print, and any text that
// repeats u's query.
func withoutURL(err error, u *url.URL) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if u.RawQuery != "" && strings.Contains(err.Error(), u.RawQuery) {
		return silent{err}
	}
	return err
}

// silent is an error whose text must not be shown.
type silent struct{ error }

func (silent) Error() string   { return "transport failed" }
func (s silent) Unwrap() error { return s.error }

// hostOf is u's host in lower case, without the scheme's own port.
func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return host
}

// Host returns u's host in the form that Client.Hosts lists it.
func Host(u *url.URL) string { return hostOf(u) }

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
