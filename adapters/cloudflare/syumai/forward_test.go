package syumai

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/core/platform"
)

func answered(status int, header http.Header, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: body}
}

func forwardOne(t testing.TB, out *http.Request, s send) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	f := &forward{s, time.Minute}
	err := f.Forward(&answer{ResponseWriter: w, head: out.Method == "HEAD"}, out, func(_ int, h http.Header) { h.Set("X-Edited", "yes") })
	return w, err
}

func TestForward(t *testing.T) {
	out := httptest.NewRequest("POST", "https://a.example/x", strings.NewReader("sent"))
	w, err := forwardOne(t, out, func(r *http.Request) (*http.Response, error) {
		if sent, _ := io.ReadAll(r.Body); string(sent) != "sent" {
			t.Errorf("sent %q", sent)
		}
		return answered(201, http.Header{"Set-Cookie": {"a=1; Expires=Fri", " 01 Jan 2100"}, "Vary": {"a", " b"}}, io.NopCloser(strings.NewReader("text"))), nil
	})
	if err != nil || w.Code != 201 || w.Body.String() != "text" || w.Header().Get("X-Edited") != "yes" ||
		w.Header().Get("Set-Cookie") != "a=1; Expires=Fri, 01 Jan 2100" || w.Header().Get("Vary") != "a, b" {
		t.Errorf("%v: %d %v %q", err, w.Code, w.Header(), w.Body)
	}
}

// The library's reader of a body that is null panics.
type null struct{ io.ReadCloser }

func TestForwardWithoutABody(t *testing.T) {
	for method, status := range map[string]int{"GET": 204, "DELETE": 304, "HEAD": 200} {
		w, err := forwardOne(t, httptest.NewRequest(method, "https://a.example/", http.NoBody), func(r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				t.Errorf("%s has a body", method)
			}
			return answered(status, http.Header{}, null{}), nil
		})
		if err != nil || w.Code != status {
			t.Errorf("%s: %d, %v", method, w.Code, err)
		}
	}
}

func TestForwardFailures(t *testing.T) {
	broken := errors.New("broken")
	body := httptest.NewRequest("POST", "https://a.example/", io.NopCloser(io.MultiReader(bytes.NewReader([]byte("x")), failing{broken})))
	upgrade := httptest.NewRequest("GET", "https://a.example/", nil)
	upgrade.Header.Set("Upgrade", "websocket")
	for name, tt := range map[string]struct {
		out  *http.Request
		send send
		want error
	}{
		"upgrade": {upgrade, nil, platform.ErrUpgradeUnsupported},
		"body": {body, func(r *http.Request) (*http.Response, error) {
			_, err := io.ReadAll(r.Body)
			return nil, err
		}, platform.ErrRequestBody},
		"exception": {httptest.NewRequest("GET", "https://a.example/", nil), func(*http.Request) (*http.Response, error) { panic("TypeError") }, errRuntime},
		"status":    {httptest.NewRequest("GET", "https://a.example/", nil), func(*http.Request) (*http.Response, error) { return answered(101, nil, nil), nil }, errStatus},
	} {
		if w, err := forwardOne(t, tt.out, tt.send); !errors.Is(err, tt.want) || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnApplicationThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		s := func(*http.Request) (*http.Response, error) { <-hang; return nil, errStatus }
		began := time.Now()
		if _, err := forwardOne(t, httptest.NewRequest("GET", "https://a.example/", nil), s); !errors.Is(err, platform.ErrTimeout) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := forwardOne(t, httptest.NewRequestWithContext(ctx, "GET", "https://a.example/", nil), s); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFetchReadsAMebibyte(t *testing.T) {
	for size, want := range map[int]error{0: nil, 10: nil, maxAnswer - 1: nil, maxAnswer: errAnswerSize} {
		res, err := fetch{func(*http.Request) (*http.Response, error) {
			return answered(200, http.Header{"X": {"a", " b"}}, io.NopCloser(strings.NewReader(strings.Repeat("x", size)))), nil
		}}.RoundTrip(httptest.NewRequest("GET", "https://a.example/", nil))
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(res.Body); !errors.Is(err, want) || want == nil && len(data) != size || res.Header.Get("X") != "a, b" {
			t.Errorf("%d bytes: %d, %v", size, len(data), err)
		}
	}
}
