package spin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/spin/wasi"
	"gatehouse/core/platform"
)

// fakeResponseBody is a body with trailers and an end.
type fakeResponseBody struct {
	io.Reader
	trailers []wasi.Field
	closed   bool
}

func (b *fakeResponseBody) Close() error                    { b.closed = true; return nil }
func (b *fakeResponseBody) Trailers() ([]wasi.Field, error) { return b.trailers, nil }

// application answers with res or err, and keeps what it was asked.
type application struct {
	res   *wasi.Response
	err   error
	asked *wasi.Request
	sent  string
}

func (a *application) send(_ context.Context, r *wasi.Request) (*wasi.Response, error) {
	a.asked = r
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, &wasi.BodyError{Err: err}
		}
		a.sent = string(data)
	}
	return a.res, a.err
}

func answerOf(status int, body io.Reader, fields ...wasi.Field) *wasi.Response {
	return &wasi.Response{Status: status, Fields: fields, Body: &fakeResponseBody{Reader: body}}
}

func outRequest(method, target, body string) *http.Request {
	u, _ := url.Parse("http://upstream.internal:8081" + target)
	r := &http.Request{Method: method, URL: u, Header: http.Header{}, Body: http.NoBody}
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	return r.WithContext(context.Background())
}

func TestForwardSendsTheRequest(t *testing.T) {
	t.Parallel()
	app := &application{res: answerOf(200, strings.NewReader("ok"), wasi.Field{Name: "content-length", Value: "2"})}
	f := &forward{app.send, 7 * time.Second}
	r := outRequest("PUT", "/a%2Fb?x=1", "data")
	r.Header = http.Header{"X-B": {"2"}, "X-A": {"1", "1b"}, "Te": {"trailers"}, "Proxy-Authorization": {"x"}}
	a := &fakeAnswer{}
	w := newResponse(a, "PUT")
	if err := f.Forward(w, r, func(int, http.Header) {}); err != nil {
		t.Fatal(err)
	}
	q := app.asked
	if q.Method != "PUT" || q.Scheme != "http" || q.Authority != "upstream.internal:8081" || q.PathWithQuery != "/a%2Fb?x=1" || app.sent != "data" {
		t.Errorf("asked %+v with %q", q, app.sent)
	}
	want := []wasi.Field{{Name: "x-a", Value: "1"}, {Name: "x-a", Value: "1b"}, {Name: "x-b", Value: "2"}, {Name: "content-length", Value: "4"}}
	if !slices.Equal(q.Fields, want) {
		t.Errorf("fields %v, want %v", q.Fields, want)
	}
	if q.HeaderTimeout != 7*time.Second || q.ConnectTimeout != 7*time.Second || q.FirstByteTimeout != maxPause || q.BetweenBytesTimeout != maxPause {
		t.Errorf("timeouts %+v", q)
	}
}

func TestForwardWithoutBody(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{"GET": 0, "DELETE": 0, "POST": 1, "PUT": 1, "PATCH": 1} {
		app := &application{res: answerOf(204, strings.NewReader(""))}
		f := &forward{app.send, time.Minute}
		if err := f.Forward(newResponse(&fakeAnswer{}, method), outRequest(method, "/", ""), func(int, http.Header) {}); err != nil {
			t.Fatal(err)
		}
		if app.asked.Body != nil || len(app.asked.Fields) != want || app.asked.FirstByteTimeout != time.Minute || app.asked.ConnectTimeout != maxConnect {
			t.Errorf("%s: asked %+v", method, app.asked)
		}
	}
}

func TestForwardStreamsTheAnswer(t *testing.T) {
	t.Parallel()
	body := &fakeResponseBody{Reader: io.MultiReader(strings.NewReader("data: 1\n\n"), strings.NewReader("data: 2\n\n")),
		trailers: []wasi.Field{{Name: "x-sum", Value: "42"}, {Name: "Transfer-Encoding", Value: "chunked"}}}
	app := &application{res: &wasi.Response{Status: 201, Body: body, Fields: []wasi.Field{
		{Name: "content-type", Value: "text/event-stream"}, {Name: "set-cookie", Value: "a=1"}, {Name: "set-cookie", Value: "b=2"}}}}
	f := &forward{app.send, time.Minute}
	a := &fakeAnswer{}
	w := newResponse(a, "GET")
	w.Header().Set("X-Preset", "yes")
	edits := 0
	err := f.Forward(w, outRequest("GET", "/", ""), func(status int, h http.Header) {
		edits++
		h.Set("X-Edited", fmt.Sprint(status))
		h.Add("Set-Cookie", "c=3")
	})
	if err != nil || w.finish() != nil {
		t.Fatal(err)
	}
	if edits != 1 || a.status != 201 || a.get("x-edited") != "201" || a.get("x-preset") != "yes" || a.get("set-cookie") != "a=1|b=2|c=3" {
		t.Errorf("%d edits, %d %v", edits, a.status, a.fields)
	}
	if a.body.String() != "data: 1\n\ndata: 2\n\n" || len(a.chunks) != 2 || a.flushes != 3 || !body.closed || !a.finished {
		t.Errorf("body %q in %v, %d flushes, closed %v", a.body.String(), a.chunks, a.flushes, body.closed)
	}
	if want := []wasi.Field{{Name: "x-sum", Value: "42"}}; !slices.Equal(a.trailers, want) {
		t.Errorf("trailers %v, want %v", a.trailers, want)
	}
}

func TestForwardErrors(t *testing.T) {
	t.Parallel()
	failed := func(name string) error { return &wasi.ErrorCode{Name: name} }
	for _, c := range []struct {
		err  error
		want error
	}{
		{wasi.ErrHeaderTimeout, platform.ErrTimeout},
		{failed("connection-timeout"), platform.ErrTimeout},
		{failed("connection-read-timeout"), platform.ErrTimeout},
		{failed("HTTP-response-timeout"), platform.ErrTimeout},
		{failed("DNS-timeout"), platform.ErrTimeout},
		{failed("connection-refused"), nil},
		{failed("HTTP-request-denied"), nil},
		{errors.New("other"), nil},
	} {
		f := &forward{(&application{err: c.err}).send, time.Second}
		a := &fakeAnswer{}
		err := f.Forward(newResponse(a, "GET"), outRequest("GET", "/", ""), func(int, http.Header) { t.Error("edited") })
		if err == nil || errors.Is(err, platform.ErrTimeout) != (c.want != nil) || errors.Is(err, platform.ErrRequestBody) || a.status != 0 {
			t.Errorf("%v becomes %v, status %d", c.err, err, a.status)
		}
	}

	f := &forward{(&application{}).send, time.Second}
	r := outRequest("POST", "/", "x")
	tooLarge := &http.MaxBytesError{Limit: 3}
	r.Body = io.NopCloser(failing{tooLarge})
	err := f.Forward(newResponse(&fakeAnswer{}, "POST"), r, func(int, http.Header) {})
	var limit *http.MaxBytesError
	if !errors.Is(err, platform.ErrRequestBody) || !errors.As(err, &limit) {
		t.Errorf("a body that breaks becomes %v", err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f = &forward{(&application{err: failed("connection-terminated")}).send, time.Second}
	if err := f.Forward(newResponse(&fakeAnswer{}, "GET"), outRequest("GET", "/", "").WithContext(ctx), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}

	r = outRequest("GET", "/", "")
	r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	if err := f.Forward(newResponse(&fakeAnswer{}, "GET"), r, nil); !errors.Is(err, platform.ErrUpgradeUnsupported) {
		t.Errorf("an upgrade: %v", err)
	}
	for _, status := range []int{99, 101, 103} {
		res := answerOf(status, strings.NewReader(""))
		f = &forward{(&application{res: res}).send, time.Second}
		if err := f.Forward(newResponse(&fakeAnswer{}, "GET"), outRequest("GET", "/", ""), func(int, http.Header) { t.Error("edited") }); err == nil || !res.Body.(*fakeResponseBody).closed {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestForwardBreaksTheAnswerOff(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		body   io.Reader
		refuse error
	}{
		"application": {io.MultiReader(strings.NewReader("x"), failing{broken}), nil},
		"client":      {strings.NewReader("x"), broken},
	} {
		res := answerOf(200, c.body)
		f := &forward{(&application{res: res}).send, time.Second}
		func() {
			defer func() {
				if e := recover(); e != http.ErrAbortHandler {
					t.Errorf("%s: ends with %v", name, e)
				}
			}()
			_ = f.Forward(newResponse(&fakeAnswer{refuse: c.refuse}, "GET"), outRequest("GET", "/", ""), func(int, http.Header) {})
			t.Errorf("%s: a whole answer", name)
		}()
		if !res.Body.(*fakeResponseBody).closed {
			t.Errorf("%s: body stays open", name)
		}
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	app := &application{res: answerOf(302, strings.NewReader("moved"), wasi.Field{Name: "location", Value: "/x"}, wasi.Field{Name: "content-length", Value: "5"})}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "POST", "https://issuer.example/token", strings.NewReader("grant_type=x"))
	res, err := fetch{app.send}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(res.Body)
	if res.StatusCode != 302 || res.Header.Get("Location") != "/x" || res.ContentLength != 5 || string(data) != "moved" || app.sent != "grant_type=x" {
		t.Errorf("%+v %q, sent %q", res, data, app.sent)
	}
	if q := app.asked; q.ConnectTimeout != maxConnect || q.FirstByteTimeout < 59*time.Minute || q.Scheme != "https" {
		t.Errorf("asked %+v", q)
	}
	app.err, app.res = &wasi.ErrorCode{Name: "connection-refused"}, nil
	var code *wasi.ErrorCode
	if _, err := (fetch{app.send}).RoundTrip(r); !errors.As(err, &code) {
		t.Errorf("got %v", err)
	}
	cancel()
	if _, err := (fetch{app.send}).RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
}
