package native

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/core/platform"
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
	case <-time.After(10 * time.Second):
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
	case <-time.After(5 * time.Second):
		t.Fatal("the application still works for nobody")
	}
}

func TestForwardErrorsBeforeTheHeader(t *testing.T) {
	t.Run("application refuses connections", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		f := newFront(t, "http://"+l.Addr().String(), time.Second)
		res := do(t, get(t, f.URL))
		err = f.error(t)
		if err == nil || errors.Is(err, platform.ErrTimeout) || errors.Is(err, platform.ErrRequestBody) {
			t.Errorf("got %v, want a plain error", err)
		}
		if f.edits.Load() != 0 {
			t.Error("edit was called without an answer")
		}
		if res.StatusCode != http.StatusBadGateway || res.Header.Get("X-Preset") != "yes" {
			t.Errorf("the caller could not answer: %s %v", res.Status, res.Header)
		}
	})
	t.Run("application is too slow", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer app.Close()
		f := newFront(t, app.URL, 50*time.Millisecond)
		do(t, get(t, f.URL))
		if err := f.error(t); !errors.Is(err, platform.ErrTimeout) {
			t.Errorf("got %v, want ErrTimeout", err)
		}
	})
	t.Run("client breaks its body", func(t *testing.T) {
		f := behind(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
		conn, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
		defer conn.Close()
		if err := f.error(t); !errors.Is(err, platform.ErrRequestBody) {
			t.Errorf("got %v, want ErrRequestBody", err)
		}
	})
	t.Run("body exceeds a limit", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
		defer app.Close()
		forward := NewForward(time.Second, discard)
		defer forward.Close()
		w := httptest.NewRecorder()
		out, _ := http.NewRequest(http.MethodPost, app.URL, nil)
		out.Body = http.MaxBytesReader(w, io.NopCloser(strings.NewReader("too much")), 3)
		out.ContentLength = -1
		err := forward.Forward(w, out, func(int, http.Header) {})
		var limit *http.MaxBytesError
		if !errors.Is(err, platform.ErrRequestBody) || !errors.As(err, &limit) {
			t.Errorf("got %v, want ErrRequestBody around MaxBytesError", err)
		}
	})
	t.Run("context ends", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer app.Close()
		forward := NewForward(time.Minute, discard)
		defer forward.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		err := forward.Forward(httptest.NewRecorder(), get(t, app.URL).WithContext(ctx), func(int, http.Header) {})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

func TestForwardBreaksTheAnswerOffWhenTheApplicationDoes(t *testing.T) {
	for _, header := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
		t.Run(header, func(t *testing.T) {
			f := behind(t, func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s\r\n\r\n5\r\nhello\r\n", header)
				conn.Close()
			})
			res, err := http.DefaultTransport.RoundTrip(get(t, f.URL))
			if err != nil {
				return // nothing of the answer was flushed yet
			}
			defer res.Body.Close()
			if data, err := io.ReadAll(res.Body); err == nil {
				t.Errorf("the client took %q for a whole answer", data)
			}
		})
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

// A client that asks first gets the application's own answer: 100 from it makes the
// client send, and a refusal spares it the body.
func TestForwardExpectContinue(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		io.Copy(w, r.Body)
	})
	ask := func(t *testing.T, path string) (*bufio.Reader, net.Conn, string) {
		t.Helper()
		conn, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", path)
		r := bufio.NewReader(conn)
		status, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return r, conn, status
	}
	if _, _, status := ask(t, "/refuse"); status != "HTTP/1.1 417 Expectation Failed\r\n" {
		t.Errorf("refused: the first answer is %q", status)
	}
	r, conn, status := ask(t, "/")
	if status != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("accepted: the first answer is %q", status)
	}
	r.ReadString('\n')
	io.WriteString(conn, "data")
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || read(t, res.Body) != "data" {
		t.Errorf("accepted: %s", res.Status)
	}
}

// The answer may begin, and go on, while the request's body is being sent.
func TestForwardBothDirectionsAtOnce(t *testing.T) {
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		buf := make([]byte, 4)
		for {
			n, err := r.Body.Read(buf)
			w.Write(buf[:n])
			rc.Flush()
			if err != nil {
				return
			}
		}
	})
	body, send := io.Pipe()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL, body)
	go io.WriteString(send, "ping")
	res := do(t, r)
	for i := range 3 {
		got := make([]byte, 4)
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != "ping" {
			t.Fatalf("round %d: %q, %v", i, got, err)
		}
		go io.WriteString(send, "ping")
	}
	io.ReadFull(res.Body, make([]byte, 4))
	send.Close()
	if rest := read(t, res.Body); rest != "" {
		t.Errorf("the rest is %q", rest)
	}
}

// A body of any size passes through a buffer of fixed size.
func TestForwardHugeBodiesInLittleMemory(t *testing.T) {
	const size = 100 << 20
	f := behind(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", fmt.Sprint(n))
		io.CopyN(w, zeros{}, n)
	})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL, io.NopCloser(io.LimitReader(zeros{}, size)))
	r.ContentLength = size
	res := do(t, r)
	received, most := int64(0), uint64(0)
	var err error
	for err == nil {
		var n int64
		n, err = io.CopyN(io.Discard, res.Body, 10<<20)
		received += n
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapInuse)
	}
	if received != size {
		t.Errorf("%d of %d bytes came back: %v", received, size, err)
	}
	if grown := int64(most) - int64(before.HeapInuse); grown > 16<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestForwardWebSocket(t *testing.T) {
	gone := make(chan struct{}, 10)
	echo := func(w http.ResponseWriter, r *http.Request) {
		defer func() { gone <- struct{}{} }()
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, data) != nil {
				return
			}
		}
	}
	dial := func(t *testing.T, f *front) *websocket.Conn {
		t.Helper()
		c, res, err := websocket.Dial(t.Context(), f.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("X-Edited") != "101" {
			t.Errorf("the upgrade's header was not edited: %v", res.Header)
		}
		if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, data, err := c.Read(t.Context()); err != nil || string(data) != "hello" {
			t.Fatalf("echo %q, %v", data, err)
		}
		return c
	}
	ended := func(t *testing.T, f *front) {
		t.Helper()
		select {
		case <-gone:
		case <-time.After(5 * time.Second):
			t.Error("the application's connection stays open")
		}
		if err := f.error(t); err != nil {
			t.Errorf("Forward returned %v after the header was out", err)
		}
	}
	t.Run("client closes", func(t *testing.T) {
		f := behind(t, echo)
		dial(t, f).Close(websocket.StatusNormalClosure, "")
		ended(t, f)
	})
	t.Run("client vanishes", func(t *testing.T) {
		f := behind(t, echo)
		dial(t, f).CloseNow()
		ended(t, f)
	})
	t.Run("forwarder closes", func(t *testing.T) {
		f := behind(t, echo)
		c := dial(t, f)
		f.forward.Close()
		if _, _, err := c.Read(t.Context()); err == nil {
			t.Error("the client's connection stays open")
		}
		ended(t, f)
	})
	t.Run("request's context ends", func(t *testing.T) {
		f := behind(t, echo)
		ctx, cancel := context.WithCancel(t.Context())
		inner := f.Config.Handler
		f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(w, r.WithContext(ctx)) })
		c := dial(t, f)
		cancel()
		if _, _, err := c.Read(t.Context()); err == nil {
			t.Error("the client's connection stays open")
		}
		ended(t, f)
	})
	t.Run("writer cannot be taken over", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(echo))
		defer app.Close()
		forward := NewForward(time.Second, discard)
		defer forward.Close()
		out := get(t, app.URL)
		out.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		err := forward.Forward(httptest.NewRecorder(), out, func(int, http.Header) {})
		if !errors.Is(err, platform.ErrUpgradeUnsupported) {
			t.Errorf("got %v, want ErrUpgradeUnsupported", err)
		}
	})
	t.Run("application declines", func(t *testing.T) {
		f := behind(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) })
		_, res, err := websocket.Dial(t.Context(), f.URL, nil)
		if err == nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("got %v, %v", res, err)
		}
		if err := f.error(t); err != nil {
			t.Error(err)
		}
	})
	t.Run("application switches unasked", func(t *testing.T) {
		f := behind(t, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
		})
		if res := do(t, get(t, f.URL)); res.StatusCode != http.StatusBadGateway || f.error(t) == nil {
			t.Errorf("%s", res.Status)
		}
		if f.edits.Load() != 0 {
			t.Error("edit was called for an answer that was refused")
		}
	})
}
