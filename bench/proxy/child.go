package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"gatehouse/adapters/native"
)

// childCommand is the first argument of this program as one of its own children.
const childCommand = "child"

// runChild serves until SIGTERM: "application PROFILE ADDRESS BYTES", "plain PROFILE
// ADDRESS UPSTREAM", or "gatehouse PROFILE", which runs what "gatehouse serve" runs with
// the settings in the environment. PROFILE is the file for a processor profile; empty
// means none.
func runChild(args []string) (err error) {
	if len(args) < 2 {
		return fmt.Errorf("unknown child %q", args)
	}
	if args[1] != "" {
		f, err := os.Create(args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	switch {
	case args[0] == "application" && len(args) == 4:
		size, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return serve(args[2], application(size))
	case args[0] == "plain" && len(args) == 4:
		upstream, err := url.Parse(args[3])
		if err != nil {
			return err
		}
		return serve(args[2], plainProxy(upstream))
	case args[0] == "gatehouse" && len(args) == 2:
		if code := native.Main([]string{"serve"}, os.Stdout, os.Stderr); code != 0 {
			return fmt.Errorf("gatehouse serve: exit code %d", code)
		}
		return nil
	}
	return fmt.Errorf("unknown child %q", args)
}

func serve(address string, handler http.Handler) error {
	ctx, release := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer release()
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// application answers every request with the same bytes.
func application(size int) http.Handler {
	body := []byte(strings.Repeat("a", size))
	length := strconv.Itoa(size)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Length", length)
		w.Write(body)
	})
}

// plainProxy is the standard library's proxy as one would set it up with care and
// nothing else: no forwarding headers, no log, and what its defaults cost avoided.
func plainProxy(upstream *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		BufferPool: bufferPool{},
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 128,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true,
		},
	}
}

type bufferPool struct{}

const bufferSize = 32 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func (bufferPool) Get() []byte  { return buffers.Get().(*[bufferSize]byte)[:] }
func (bufferPool) Put(b []byte) { buffers.Put((*[bufferSize]byte)(b)) }
