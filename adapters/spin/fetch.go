package spin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// fetch makes calls to the provider. Redirects are not followed. A call ends with its
// context.
type fetch struct{ send Sender }

// RoundTrip implements [http.RoundTripper].
func (f fetch) RoundTrip(r *http.Request) (*http.Response, error) {
	out := outgoing(r)
	if deadline, ok := r.Context().Deadline(); ok {
		left := max(time.Until(deadline), time.Millisecond)
		out.ConnectTimeout, out.FirstByteTimeout, out.BetweenBytesTimeout = min(left, maxConnect), left, left
	}
	if r.Body != nil {
		defer r.Body.Close()
	}
	res, err := f.send(r.Context(), out)
	if err != nil {
		if r.Context().Err() != nil {
			err = r.Context().Err()
		}
		return nil, fmt.Errorf("spin: fetch: %w", err)
	}
	header := headerOf(res.Fields)
	length, err := contentLength(header["Content-Length"])
	if err != nil {
		length = -1
	}
	return &http.Response{
		Status: strconv.Itoa(res.Status), StatusCode: res.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: res.Body, ContentLength: length, Request: r,
	}, nil
}
