package conformance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Send sends r on a new connection to address, byte for byte as [Instance] says,
// and returns the answer. extra are header fields that stand in for what a platform
// would know of its own, such as the peer.
func Send(r *http.Request, address string, extra http.Header) (*http.Response, error) {
	ctx := r.Context()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() {
		// A reset: no server can take it for a client that has only nothing more to say.
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	})
	fail := func(err error) (*http.Response, error) {
		stop()
		conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	sent := make(chan error, 1)
	go func() { sent <- write(conn, r, extra) }()
	// The method decides whether the answer has a body.
	br := bufio.NewReader(conn)
	var res *http.Response
	for {
		if res, err = http.ReadResponse(br, &http.Request{Method: r.Method}); err != nil {
			select {
			case werr := <-sent:
				if werr != nil {
					err = werr
				}
			default:
			}
			return fail(err)
		}
		if res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols {
			break
		}
	}
	c := &connection{Conn: conn, stop: stop}
	if res.StatusCode == http.StatusSwitchingProtocols {
		c.read = br
	} else {
		c.read = res.Body
	}
	res.Body, res.Request = c, r
	return res, nil
}

// write sends the request line, the header with its spelling and the body.
func write(conn net.Conn, r *http.Request, extra http.Header) error {
	w := bufio.NewWriter(conn)
	fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Host)
	chunked, length, upgrade := false, false, false
	for _, h := range []http.Header{extra, r.Header} {
		names := make([]string, 0, len(h))
		for name := range h {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			for _, v := range h[name] {
				fmt.Fprintf(w, "%s: %s\r\n", name, v)
				chunked = chunked || strings.EqualFold(name, "Transfer-Encoding")
				length = length || strings.EqualFold(name, "Content-Length")
				upgrade = upgrade || strings.EqualFold(name, "Upgrade")
			}
		}
	}
	if !chunked && !length && (r.ContentLength > 0 || r.Method == http.MethodPost) {
		fmt.Fprintf(w, "Content-Length: %d\r\n", r.ContentLength)
	}
	if !upgrade {
		fmt.Fprint(w, "Connection: close\r\n")
	}
	fmt.Fprint(w, "\r\n")
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		switch {
		case n > 0 && chunked:
			fmt.Fprintf(w, "%x\r\n%s\r\n", n, buf[:n])
		case n > 0:
			_, _ = w.Write(buf[:n])
		}
		if err == io.EOF && chunked {
			fmt.Fprint(w, "0\r\n\r\n")
		}
		if ferr := w.Flush(); ferr != nil || err == io.EOF {
			return ferr
		}
		if err != nil {
			conn.Close() // the client cannot go on
			return err
		}
	}
}

// connection is an answer's body together with what it came over.
type connection struct {
	net.Conn
	read io.Reader
	stop func() bool
	once sync.Once
}

func (c *connection) Read(p []byte) (int, error) { return c.read.Read(p) }

func (c *connection) Close() error {
	var err error
	c.once.Do(func() {
		c.stop()
		err = c.Conn.Close()
	})
	return err
}
