package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gatehouse/core/secret"
)

// question is one request to the broker.
type question struct {
	op, method string
	path       string // canonical and escaped, below the broker's address
	query      url.Values
	body       []byte
	mediaType  string // of body
	accept     string // empty: JSON
	handle     secret.Text
	// repeatable: to carry it out twice is to carry it out once.
	repeatable bool
}

// send sends q until it is answered with something else than a request to wait, or
// attempts are used up. The caller closes the answer's body, which is not bounded.
// Errors are *Error or ctx's own.
func (c *Client) send(ctx context.Context, q *question) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		res, err := c.once(ctx, q)
		if err != nil || attempt >= c.attempts || !putOff(res.StatusCode, q.repeatable) {
			return res, err
		}
		wait, ok := delay(attempt, retryAfter(res.Header, c.now()))
		if !ok {
			return res, nil
		}
		res.Body.Close()
		if err := c.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// once sends q. The timeout ends when the body is closed, and is lifted by lasting.
func (c *Client) once(ctx context.Context, q *question) (*http.Response, error) {
	target := *c.broker
	target.Path, target.RawPath = "", ""
	address := target.String() + c.broker.EscapedPath() + q.path
	if len(q.query) > 0 {
		address += "?" + q.query.Encode()
	}
	bounded, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(c.timeout, func() { cancel(context.DeadlineExceeded) })
	end := func() {
		timer.Stop()
		cancel(nil)
	}
	r, err := http.NewRequestWithContext(bounded, q.method, address, bytes.NewReader(q.body))
	if err != nil {
		end()
		return nil, &Error{Op: q.op, Code: CodeInvalidRequest, Message: "this request cannot be sent"}
	}
	r.Header.Set("User-Agent", c.userAgent)
	r.Header.Set("Accept", "application/json")
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if q.mediaType != "" {
		r.Header.Set("Content-Type", q.mediaType)
	}
	if !c.appKey.Empty() {
		r.Header.Set("X-App-Key", c.appKey.Reveal())
	}
	if !q.handle.Empty() {
		r.Header.Set("Authorization", "Bearer "+q.handle.Reveal())
	}
	res, err := c.transport.RoundTrip(r)
	if err != nil {
		end()
		return nil, c.unreachable(ctx, q.op, err)
	}
	res.Body = &body{res.Body, timer, end}
	if location := res.Header.Get("Location"); res.StatusCode >= 300 && res.StatusCode < 400 && location != "" {
		res.Body.Close()
		return nil, c.moved(q.op, res.StatusCode, address, location)
	}
	return res, nil
}

// body is an answer's body that ends its exchange when it is closed.
type body struct {
	io.ReadCloser
	timer *time.Timer
	end   func()
}

func (b *body) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// unreachable explains why no answer came. ctx is the caller's: its end is its own.
func (c *Client) unreachable(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	message := fmt.Sprintf("no answer from %s: %s", c.broker.Host, readable(err.Error()))
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		message = fmt.Sprintf("no answer from %s within %s", c.broker.Host, c.timeout)
	}
	return &Error{Op: op, Code: CodeUnreachable, Message: message, cause: err}
}

// moved names where a redirect leads without what its query may hold.
func (c *Client) moved(op string, status int, from, location string) error {
	e := &Error{Op: op, Code: CodeUnexpectedRedirect, Status: status, Message: "the broker redirects, which is not followed"}
	base, err := url.Parse(from)
	if err != nil {
		return e
	}
	if to, err := base.Parse(location); err == nil && to.Host != "" {
		e.Message = readable(fmt.Sprintf("the broker redirects to %s://%s, which is not followed", to.Scheme, to.Host))
	}
	return e
}

// ask sends q and decodes the JSON object of a successful answer into v; nil: the answer
// is not read.
func (c *Client) ask(ctx context.Context, q *question, v any) error {
	res, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return c.unreachable(ctx, q.op, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		e, _ := c.refusal(q.op, res, data)
		return e
	}
	if v == nil {
		return nil
	}
	garbage := &Error{Op: q.op, Code: CodeInvalidAnswer, Status: res.StatusCode, Message: "the answer is not a broker's"}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); !strings.EqualFold(kind, "application/json") || len(data) > maxAnswer {
		return garbage
	}
	if json.Unmarshal(data, v) != nil {
		return garbage
	}
	return nil
}

// post is a question with a JSON body.
func post(op, path string, v any) *question {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // v is made of strings
	}
	return &question{op: op, method: http.MethodPost, path: path, body: data, mediaType: "application/json"}
}
