package conformance

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Serve makes network reachable on a loopback address until t ends and returns its
// origin: for targets that reach the world over real sockets. An error of network
// breaks the connection.
func Serve(t testing.TB, network http.RoundTripper) (origin string) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host = "http", r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
		out.RequestURI = ""
		res, err := network.RoundTrip(out)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			join(w, res)
			return
		}
		w.WriteHeader(res.StatusCode)
		buf := make([]byte, 32<<10)
		for {
			n, err := res.Body.Read(buf)
			if _, werr := w.Write(buf[:n]); werr != nil {
				panic(http.ErrAbortHandler)
			}
			if err == io.EOF {
				return
			}
			_ = http.NewResponseController(w).Flush()
			if err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}))
	// A reused connection that breaks would make clients try again.
	srv.Config.SetKeepAlivesEnabled(false)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}

// join answers 101 and copies both ways.
func join(w http.ResponseWriter, res *http.Response) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\n")
	_ = res.Header.Write(rw)
	fmt.Fprint(rw, "\r\n")
	_ = rw.Flush()
	body := res.Body.(io.ReadWriter)
	go func() {
		_, _ = io.Copy(conn, body)
		conn.Close()
	}()
	_, _ = io.Copy(body, rw)
}
