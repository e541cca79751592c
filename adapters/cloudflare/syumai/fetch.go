package syumai

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// maxAnswer is how much of a provider's answer is read, a byte more than the core
// accepts of one.
const maxAnswer = 1<<20 + 1

var errAnswerSize = errors.New("syumai: answer of more than a mebibyte")

// send makes a request by the runtime's fetch and follows no redirect. It knows no
// deadline.
type send func(out *http.Request) (*http.Response, error)

// prepared is out as the library can send it: it takes every body for one, even none.
func prepared(out *http.Request) *http.Request {
	if out.Body == nil || out.Body != http.NoBody && out.Method != http.MethodGet && out.Method != http.MethodHead {
		return out
	}
	c := *out
	c.Body = nil
	return &c
}

// fetch is the RoundTripper for calls to the provider: small answers, read whole.
type fetch struct{ send send }

// RoundTrip implements http.RoundTripper.
func (f fetch) RoundTrip(out *http.Request) (*http.Response, error) {
	return await(out.Context(), func() (*http.Response, error) {
		res, err := f.send(prepared(out))
		if err != nil {
			return nil, err
		}
		res.Header, res.Request = join(res.Header), out
		var data []byte
		if !bodiless(res.StatusCode) && out.Method != http.MethodHead {
			if data, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
				return nil, err
			}
		}
		var content io.Reader = bytes.NewReader(data)
		if res.ContentLength = int64(len(data)); len(data) >= maxAnswer {
			content, res.ContentLength = io.MultiReader(content, failing{errAnswerSize}), -1
		}
		res.Body = io.NopCloser(content)
		return res, nil
	})
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }
