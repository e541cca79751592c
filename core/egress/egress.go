// Package egress makes the core's own outbound requests: only to hosts that the
// configuration names, with a deadline and a body limit that hold even where the
// platform ignores contexts, and without following redirects.
package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
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
)

// Client sends requests to listed hosts. All fields are required except
// PlainHosts. A Client is safe for concurrent use.
type Client struct {
	Transport http.RoundTripper
	// Hosts lists the allowed "host" or "host:port" in lower case, without a port
	// where it is the scheme's own.
	Hosts []string
	// PlainHosts lists those of Hosts that may be asked over http.
	PlainHosts []string
	// Timeout bounds one exchange, body included.
	Timeout time.Duration
	// MaxBody bounds an answer's body in bytes.
	MaxBody int64
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
// The error is ErrHost, ErrScheme, ErrTooLarge, context.DeadlineExceeded,
// context.Canceled or the transport's own, wrapped; it never carries a query, a
// body or a header.
func (c *Client) Do(ctx context.Context, r *http.Request) (*Answer, error) {
	if err := c.Check(r.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	type result struct {
		answer *Answer
		err    error
	}
	done := make(chan result, 1)
	go func() {
		defer cancel()
		a, err := c.exchange(r.WithContext(ctx))
		done <- result{a, err}
	}()
	select {
	case d := <-done:
		if d.err != nil {
			return nil, fmt.Errorf("egress: %s %s: %w", r.Method, hostOf(r.URL), withoutURL(d.err))
		}
		return d.answer, nil
	case <-ctx.Done():
		// The exchange may have ended in the same instant.
		select {
		case d := <-done:
			if d.err == nil {
				return d.answer, nil
			}
		default:
		}
		return nil, fmt.Errorf("egress: %s %s: %w", r.Method, hostOf(r.URL), ctx.Err())
	}
}

func (c *Client) exchange(r *http.Request) (*Answer, error) {
	res, err := c.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, c.MaxBody+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > c.MaxBody {
		return nil, ErrTooLarge
	}
	return &Answer{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// withoutURL drops the address that *url.Error would print.
func withoutURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

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
