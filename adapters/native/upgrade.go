package native

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"gatehouse/core/platform"
)

// upgrade is the response writer of a request that asks for another protocol. It
// keeps hold of the client's connection, which the server no longer watches, and ends
// it with the request's context or the forwarder.
type upgrade struct {
	http.ResponseWriter

	mu          sync.Mutex
	conn        net.Conn
	ended       bool
	unsupported bool
}

// upgrade wraps w. release stops watching.
func (f *Forward) upgrade(ctx context.Context, w http.ResponseWriter) (u *upgrade, release func()) {
	u = &upgrade{ResponseWriter: w}
	stopContext := context.AfterFunc(ctx, u.end)
	stopClosing := context.AfterFunc(f.closing, u.end)
	return u, func() {
		stopContext()
		stopClosing()
	}
}

// end closes the client's connection, now or as soon as it is taken over; the proxy
// then closes the application's.
func (u *upgrade) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended = true
	if u.conn != nil {
		u.conn.Close()
	}
}

// Unwrap serves [http.ResponseController].
func (u *upgrade) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// Hijack implements [http.Hijacker].
func (u *upgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(u.ResponseWriter).Hijack()
	u.mu.Lock()
	defer u.mu.Unlock()
	if errors.Is(err, http.ErrNotSupported) {
		// Hidden from the proxy, which would not close the application's connection.
		u.unsupported = true
		return nil, nil, platform.ErrUpgradeUnsupported
	}
	if err != nil {
		return nil, nil, err
	}
	u.conn = conn
	if u.ended {
		conn.Close()
	}
	return conn, buffered, nil
}

// joined reports whether the client's connection was taken over.
func (u *upgrade) joined() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.conn != nil
}
