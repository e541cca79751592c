package cloudflare

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Bounds of what passes through Go's memory, in bytes.
const (
	// maxAnswer is how much of a provider's answer is read, a byte more than the
	// core accepts of one.
	maxAnswer = 1<<20 + 1
	// maxGiven is the largest request body that Go sends itself.
	maxGiven = 1 << 20
)

var (
	errAnswerSize = fmt.Errorf("cloudflare: answer of more than %d bytes", maxAnswer-1)
	errGivenSize  = fmt.Errorf("cloudflare: body of more than %d bytes", maxGiven)
)

// fetch is the RoundTripper for calls to the provider: small requests and answers,
// each read whole. It follows no redirect, and a context's end aborts the call.
type fetch struct{ bridge *bridge }

// RoundTrip implements http.RoundTripper. Reading the body of an answer of more than
// a mebibyte ends in an error.
func (f fetch) RoundTrip(out *http.Request) (*http.Response, error) {
	given, err := readGiven(out.Body)
	if err != nil {
		return nil, err
	}
	_, r, err := f.bridge.call(out.Context(), operation{
		kind: "fetch", number: maxAnswer, data: given,
		text: join([]string{out.Method, out.URL.String()}, out.Header),
	})
	if err != nil {
		return nil, withoutQuery(err)
	}
	_, header := split(r.text, 0)
	res := &http.Response{
		StatusCode: r.number, Status: fmt.Sprintf("%d %s", r.number, http.StatusText(r.number)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Request: out, ContentLength: int64(len(r.data)),
	}
	var content io.Reader = bytes.NewReader(r.data)
	if len(r.data) >= maxAnswer {
		content, res.ContentLength = io.MultiReader(content, failing{errAnswerSize}), -1
	}
	res.Body = io.NopCloser(content)
	return res, nil
}

// readGiven reads a body that Go has to send, and closes it.
func readGiven(body io.ReadCloser) ([]byte, error) {
	if body == nil || body == http.NoBody {
		return nil, nil
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxGiven+1))
	if err == nil && len(data) > maxGiven {
		err = errGivenSize
	}
	return data, err
}

// withoutQuery drops the runtime's text about a failure if it repeats an address with
// a query, which may hold a secret.
func withoutQuery(err error) error {
	var f *failure
	if errors.As(err, &f) && strings.Contains(f.text, "?") {
		return &failure{f.code, "request failed"}
	}
	return err
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }
