package spin

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"gatehouse/adapters/spin/wasi"
)

// fakeAnswer is a host that takes one answer.
type fakeAnswer struct {
	status   int
	fields   []wasi.Field
	withBody bool
	body     bytes.Buffer
	trailers []wasi.Field
	flushes  int
	chunks   []int
	// finished and aborted say how it ended.
	finished, aborted bool
	refuse            error // of writes
}

func (a *fakeAnswer) Begin(status int, fields []wasi.Field, body bool) (wasi.AnswerBody, error) {
	if a.status != 0 {
		return nil, errors.New("begun twice")
	}
	a.status, a.fields, a.withBody = status, fields, body
	if !body {
		return nil, nil
	}
	return fakeBody{a}, nil
}

// get returns the values of a field, joined.
func (a *fakeAnswer) get(name string) string {
	var values []string
	for _, f := range a.fields {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, "|")
}

func (a *fakeAnswer) names() []string {
	var names []string
	for _, f := range a.fields {
		names = append(names, f.Name)
	}
	return slices.Compact(names)
}

type fakeBody struct{ *fakeAnswer }

func (b fakeBody) Write(p []byte) (int, error) {
	if b.refuse != nil {
		return 0, b.refuse
	}
	b.chunks = append(b.chunks, len(p))
	return b.body.Write(p)
}

func (b fakeBody) Flush() error { b.flushes++; return b.refuse }

func (b fakeBody) Finish(trailers []wasi.Field) error {
	b.finished, b.trailers = true, trailers
	return nil
}

func (b fakeBody) Abort() { b.aborted = true }
