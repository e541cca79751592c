package egress_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/core/egress"
)

// transport is a function that answers.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"X-Test": {"1"}}, Body: io.NopCloser(body)}
}

func get(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://issuer.example/token?secret=in-query", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drip is a body of left bytes, one at a time when every is set.
type drip struct {
	every time.Duration
	left  int
	read  *int
}

func (d *drip) Read(b []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(d.every)
	n := min(len(b), d.left)
	if d.every > 0 {
		n = 1
	}
	d.left -= n
	if d.read != nil {
		*d.read += n
	}
	return n, nil
}

func TestAnAnswerIsReadWhole(t *testing.T) {
	var seen *http.Request
	c := testClient(transport(func(r *http.Request) (*http.Response, error) {
		seen = r
		return answer(201, strings.NewReader("body")), nil
	}))
	a, err := c.Do(t.Context(), get(t))
	if err != nil || a.Status != 201 || string(a.Body) != "body" || a.Header.Get("X-Test") != "1" {
		t.Errorf("got %+v, %v", a, err)
	}
	if _, ok := seen.Context().Deadline(); !ok || seen.URL.RawQuery != "secret=in-query" {
		t.Error("the transport was not given the deadline or the query")
	}
}

func TestARedirectIsAnAnswer(t *testing.T) {
	calls := 0
	c := testClient(transport(func(*http.Request) (*http.Response, error) {
		calls++
		res := answer(307, strings.NewReader(""))
		res.Header.Set("Location", "https://evil.example/")
		return res, nil
	}))
	a, err := c.Do(t.Context(), get(t))
	if err != nil || a.Status != 307 || calls != 1 {
		t.Errorf("got %+v, %v after %d calls", a, err, calls)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
		want error
	}{{"empty", 0, nil}, {"largest", 1 << 20, nil}, {"one byte more", 1<<20 + 1, egress.ErrTooLarge}, {"10 MB", 10 << 20, egress.ErrTooLarge}} {
		t.Run(test.name, func(t *testing.T) {
			read := 0
			c := testClient(transport(func(*http.Request) (*http.Response, error) {
				return answer(200, &drip{left: test.size, read: &read}), nil
			}))
			// Many times, because an outcome must not depend on who is scheduled first.
			for range 20 {
				read = 0
				a, err := c.Do(t.Context(), get(t))
				if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) || err == nil && len(a.Body) != test.size || err != nil && a != nil {
					t.Fatalf("got %v", err)
				}
				if read > 1<<20+1 {
					t.Fatalf("%d bytes were read", read)
				}
			}
		})
	}
}

func TestTheTransportsErrorIsReported(t *testing.T) {
	cause := errors.New("connection refused")
	body := errors.New("connection reset")
	for range 200 {
		c := testClient(transport(func(*http.Request) (*http.Response, error) { return nil, cause }))
		if a, err := c.Do(t.Context(), get(t)); a != nil || !errors.Is(err, cause) || err.Error() != "egress: GET issuer.example: connection refused" {
			t.Fatalf("got %v", err)
		}
		c = testClient(transport(func(*http.Request) (*http.Response, error) {
			return answer(200, io.MultiReader(strings.NewReader("part"), &failing{body})), nil
		}))
		if a, err := c.Do(t.Context(), get(t)); a != nil || !errors.Is(err, body) {
			t.Fatalf("got %v", err)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestErrorsNameNeitherPathNorQuery(t *testing.T) {
	inner := errors.New("no route")
	for name, cause := range map[string]error{
		"url.Error":         &url.Error{Op: "Get", URL: "https://issuer.example/token?secret=in-query", Err: inner},
		"wrapped url.Error": fmt.Errorf("fetch: %w", &url.Error{Op: "Get", URL: "https://issuer.example/token?secret=in-query", Err: inner}),
		"the platform's":    fmt.Errorf("fetch of https://issuer.example/token?secret=in-query failed: %w", inner),
	} {
		c := testClient(transport(func(*http.Request) (*http.Response, error) { return nil, cause }))
		_, err := c.Do(t.Context(), get(t))
		if !errors.Is(err, inner) || strings.Contains(err.Error(), "in-query") || strings.Contains(err.Error(), "/token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkDo(b *testing.B) {
	c := testClient(transport(func(*http.Request) (*http.Response, error) { return answer(200, strings.NewReader("{}")), nil }))
	r, _ := http.NewRequest(http.MethodGet, "https://issuer.example/", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
}
