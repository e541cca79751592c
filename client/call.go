package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gatehouse/core/secret"
)

// Call is a request that the broker makes at the provider in the person's name.
type Call struct {
	Provider string // required
	Method   string // required
	// Path is the provider's, for example "/v1/me", or for Last.fm a method's name. It
	// is escaped already, and has no query.
	Path  string
	Query url.Values
	Body  []byte
	// ContentType of Body; empty: none.
	ContentType string
}

// MaxCallAnswer bounds the answer of a call in bytes.
const MaxCallAnswer = 16 << 20

// ErrTooLarge: the answer of a call is longer than MaxCallAnswer.
var ErrTooLarge = errors.New("client: the answer is too large")

// ErrPath: the path of a call is not one.
var ErrPath = errors.New("client: the path of a call must be escaped, without a query, and without . or .. as a segment")

// Call makes a call and returns the provider's answer, whatever its status; what the
// broker itself refuses is an [*Error]. Reading the answer's body, which the caller
// closes, fails with ErrTooLarge after MaxCallAnswer. A call that the broker or the
// provider puts off is repeated as [Options] says, with 503 only if its method is safe
// or idempotent (RFC 9110, section 9.2).
func (c *Client) Call(ctx context.Context, handle secret.Text, call Call) (*http.Response, error) {
	path := strings.TrimPrefix(call.Path, "/")
	if _, err := url.PathUnescape(path); err != nil || path == "" || strings.ContainsFunc(path, outsidePath) {
		return nil, ErrPath
	}
	for segment := range strings.SplitSeq(path, "/") {
		if plain, _ := url.PathUnescape(segment); plain == "." || plain == ".." {
			return nil, ErrPath
		}
	}
	method := strings.ToUpper(call.Method)
	res, err := c.send(ctx, &question{
		op: "call", method: method, path: "/auth/call/" + url.PathEscape(call.Provider) + "/" + path,
		query: call.Query, body: call.Body, mediaType: call.ContentType, accept: "*/*", handle: handle,
		repeatable: slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}, method),
	})
	if err != nil {
		return nil, err
	}
	res.Body.(*body).timer.Stop() // a long answer may take its time
	if res.StatusCode < 400 {
		res.Body = &bounded{res.Body, MaxCallAnswer}
		return res, nil
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	res.Body.Close()
	if err != nil {
		return nil, c.unreachable(ctx, "call", err)
	}
	if refused, ok := c.refusal("call", res, data); ok {
		return nil, refused
	}
	res.Body = io.NopCloser(bytes.NewReader(data))
	return res, nil
}

func outsidePath(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("?#\\\"<>^`{|}", r)
}

// bounded is a body of at most left bytes.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n + int(b.left), ErrTooLarge
	}
	return n, err
}
