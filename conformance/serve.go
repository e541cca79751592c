package conformance

import (
	"bufio"
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
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host = "http", r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
		out.RequestURI = ""
		res, err := network.RoundTrip(out)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer conn.Close()
		_ = respondRaw(conn, rw, r, res)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// respondRaw writes res as it is: a server would not send every header. Each answer
// ends its connection, because one that is used again and breaks would make clients
// try again. An error breaks off.
func respondRaw(conn net.Conn, rw *bufio.ReadWriter, r *http.Request, res *http.Response) error {
	fmt.Fprintf(rw, "HTTP/1.1 %d %s\r\n", res.StatusCode, http.StatusText(res.StatusCode))
	_ = res.Header.Write(rw)
	if res.StatusCode == http.StatusSwitchingProtocols {
		fmt.Fprint(rw, "\r\n")
		_ = rw.Flush()
		body := res.Body.(io.ReadWriter)
		go func() {
			_, _ = io.Copy(conn, body)
			conn.Close()
		}()
		_, err := io.Copy(body, rw)
		return err
	}
	if res.Header.Get("Connection") == "" {
		fmt.Fprint(rw, "Connection: close\r\n")
	}
	bodiless := r.Method == http.MethodHead || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified
	chunked := !bodiless && res.Header.Get("Content-Length") == ""
	if chunked {
		fmt.Fprint(rw, "Transfer-Encoding: chunked\r\n")
	}
	fmt.Fprint(rw, "\r\n")
	buf := make([]byte, 32<<10)
	for !bodiless {
		n, err := res.Body.Read(buf)
		if n > 0 && chunked {
			fmt.Fprintf(rw, "%x\r\n%s\r\n", n, buf[:n])
		} else {
			_, _ = rw.Write(buf[:n])
		}
		if ferr := rw.Flush(); ferr != nil {
			return ferr
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if chunked {
		fmt.Fprint(rw, "0\r\n\r\n")
	}
	return rw.Flush()
}
