package native

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var discard = slog.New(slog.DiscardHandler)

// front is a server that forwards everything to an application, as the core would.
type front struct {
	*httptest.Server
	forward *Forward
	errs    chan error // what Forward returned
	edits   atomic.Int32
}

func newFront(t *testing.T, target string, timeout time.Duration) *front {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{forward: NewForward(timeout, discard), errs: make(chan error, 100)}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Preset", "yes")
		address := *to
		address.Path, address.RawPath, address.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
		header := r.Header.Clone()
		if r.Header.Get("Upgrade") == "" {
			header.Del("Connection")
		}
		out := (&http.Request{Method: r.Method, URL: &address, Header: header, Body: r.Body,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			ContentLength: r.ContentLength, Trailer: r.Trailer}).WithContext(r.Context())
		err := f.forward.Forward(w, out, func(status int, h http.Header) {
			f.edits.Add(1)
			h.Set("X-Edited", fmt.Sprint(status))
		})
		f.errs <- err
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(func() {
		f.forward.Close()
		f.Server.Close()
	})
	return f
}

// behind starts an application and a front before it.
func behind(t *testing.T, application http.HandlerFunc) *front {
	t.Helper()
	app := httptest.NewServer(application)
	t.Cleanup(app.Close)
	return newFront(t, app.URL, 5*time.Second)
}

func (f *front) error(t *testing.T) error {
	t.Helper()
	select {
	case err := <-f.errs:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("Forward did not return")
		return nil
	}
}

func do(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	res, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func get(t *testing.T, target string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What the core puts into a request arrives as it is: httputil.ReverseProxy would
// drop forwarding headers and reorder queries.
func TestForwardSendsTheRequestUnchanged(t *testing.T) {
	seen := make(chan *http.Request, 1)
	f := behind(t, func(w http.ResponseWriter, r *http.Request) { seen <- r })
	r := get(t, f.URL+"/a%2Fb?x=1;y=2&z=%zz&a")
	r.Header["User-Agent"] = nil
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	r.Header.Set("X-Forwarded-Host", "app.example")
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("Forwarded", "for=192.0.2.1")
	res := do(t, r)
	if got := res.Header.Get("X-Edited"); got != "200" {
		t.Errorf("edit saw status %q", got)
	}
	if res.Header.Get("X-Preset") != "yes" {
		t.Error("a header that was set before Forward is lost")
	}
	got := <-seen
	if got.RequestURI != "/a%2Fb?x=1;y=2&z=%zz&a" {
		t.Errorf("target %s", got.RequestURI)
	}
	for name, want := range map[string]string{"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "app.example",
		"X-Forwarded-Proto": "https", "Forwarded": "for=192.0.2.1"} {
		if !slices.Equal(got.Header[name], []string{want}) {
			t.Errorf("%s is %q, want %q", name, got.Header[name], want)
		}
	}
	if v, ok := got.Header["User-Agent"]; ok {
		t.Errorf("User-Agent %q was added", v)
	}
	if v, ok := got.Header["Accept-Encoding"]; ok {
		t.Errorf("Accept-Encoding %q was added", v)
	}
}

func TestForwardStreams(t *testing.T) {
	for _, kind := range []string{"text/plain", "text/event-stream"} {
		t.Run(kind, func(t *testing.T) {
			proceed := make(chan struct{})
			f := behind(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", kind)
				io.WriteString(w, "data: 1\n\n")
				w.(http.Flusher).Flush()
				<-proceed
				io.WriteString(w, "data: 2\n\n")
			})
			res := do(t, get(t, f.URL))
			body := bufio.NewReader(res.Body)
			first, err := body.ReadString('\n')
			if err != nil || first != "data: 1\n" {
				t.Fatalf("before the application finished: %q, %v", first, err)
			}
			close(proceed)
			if rest := read(t, body); rest != "\ndata: 2\n\n" {
				t.Errorf("the rest is %q", rest)
			}
		})
	}
}

func TestForwardCancelsTheApplicationWhenTheClientLeaves(t *testing.T) {
	left := make(chan struct{})
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(left)
	})
	ctx, cancel := context.WithCancel(t.Context())
	res := do(t, get(t, f.URL).WithContext(ctx))
	io.ReadFull(res.Body, make([]byte, 5))
	cancel()
	select {
	case <-left:
	case <-time.After(30 * time.Second):
		t.Fatal("the application still works for nobody")
	}
}

func TestForwardPassesEarlyHints(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		io.WriteString(w, "page")
	})
	var hints []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints = append(hints, fmt.Sprint(code, h["Link"]))
			return nil
		},
	})
	res := do(t, get(t, f.URL).WithContext(ctx))
	if want := []string{"103 [</style.css>; rel=preload]"}; !slices.Equal(hints, want) {
		t.Errorf("informational answers %q, want %q", hints, want)
	}
	if read(t, res.Body) != "page" || res.Header.Get("X-Preset") != "yes" || res.Header.Get("X-Edited") != "200" {
		t.Errorf("final answer's header %v", res.Header)
	}
	if f.edits.Load() != 1 {
		t.Errorf("edit was called %d times", f.edits.Load())
	}
}

func TestForwardAnswersWithoutBody(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/304":
			w.Header().Set("Etag", `"1"`)
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("Content-Length", "1234")
		}
	})
	for path, want := range map[string]int{"/204": 204, "/304": 304} {
		res := do(t, get(t, f.URL+path))
		if res.StatusCode != want || read(t, res.Body) != "" {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	r := get(t, f.URL)
	r.Method = http.MethodHead
	if res := do(t, r); res.StatusCode != 200 || res.ContentLength != 1234 || read(t, res.Body) != "" {
		t.Errorf("HEAD: %s, length %d", res.Status, res.ContentLength)
	}
}

func TestForwardLeavesEncodedBodiesAlone(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, strings.Repeat("hello ", 1000))
	z.Close()
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", fmt.Sprint(packed.Len()))
		w.Write(packed.Bytes())
	})
	r := get(t, f.URL)
	r.Header.Set("Accept-Encoding", "gzip")
	res := do(t, r)
	if res.ContentLength != int64(packed.Len()) || res.Header.Get("Content-Encoding") != "gzip" || read(t, res.Body) != packed.String() {
		t.Errorf("length %d, header %v", res.ContentLength, res.Header)
	}
}

func TestForwardRange(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("0123456789"))
	})
	r := get(t, f.URL)
	r.Header.Set("Range", "bytes=2-4")
	res := do(t, r)
	if res.StatusCode != http.StatusPartialContent || res.Header.Get("Content-Range") != "bytes 2-4/10" || read(t, res.Body) != "234" {
		t.Errorf("%s %v", res.Status, res.Header)
	}
}

func TestForwardKeepsSeveralCookies(t *testing.T) {
	want := []string{"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2", "a=3"}
	f := behind(t, func(w http.ResponseWriter, r *http.Request) { w.Header()["Set-Cookie"] = want })
	if got := do(t, get(t, f.URL)).Header["Set-Cookie"]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestForwardTrailersBothWays(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Announced")
		io.WriteString(w, "body")
		w.Header().Set("X-Announced", r.Trailer.Get("X-Sum"))
		w.Header().Set(http.TrailerPrefix+"X-Late", "late")
	})
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL, io.NopCloser(strings.NewReader("data")))
	r.ContentLength = -1
	r.Trailer = http.Header{"X-Sum": {"42"}}
	res := do(t, r)
	read(t, res.Body)
	if res.Trailer.Get("X-Announced") != "42" || res.Trailer.Get("X-Late") != "late" {
		t.Errorf("trailers %v", res.Trailer)
	}
}
