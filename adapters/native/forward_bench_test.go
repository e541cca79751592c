//go:build unix

package native

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"syscall"
	"testing"
	"time"
)

// processorTime is the process's own, which other load on the machine does not change.
func processorTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkForward compares the forwarder with the plain reverse proxy that the
// budget is stated against, client and application included in both.
func BenchmarkForward(b *testing.B) {
	page := bytes.Repeat([]byte("x"), 4<<10)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "4096")
		w.Write(page)
	}))
	defer app.Close()
	target, err := url.Parse(app.URL)
	if err != nil {
		b.Fatal(err)
	}
	forward := NewForward(time.Second, discard)
	defer forward.Close()
	plain := &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:  forward.transport,
		BufferPool: bufferPool{},
	}
	ours := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Clone() // as the core makes one
		out := (&http.Request{Method: r.Method, URL: target, Header: header, Body: http.NoBody,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(r.Context())
		if err := forward.Forward(w, out, func(int, http.Header) {}); err != nil {
			b.Error(err)
		}
	})
	flushing := *plain
	flushing.FlushInterval = -1
	for _, bench := range []struct {
		name    string
		handler http.Handler
	}{{"plain", plain}, {"plain flushing", &flushing}, {"ours", ours}} {
		b.Run(bench.name, func(b *testing.B) {
			server := httptest.NewServer(bench.handler)
			defer server.Close()
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			b.ReportAllocs()
			before := processorTime(b)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					res, err := client.Get(server.URL)
					if err != nil {
						b.Error(err)
						return
					}
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			})
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
			client.CloseIdleConnections()
		})
	}
}
