package redisrest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// Server carries out commands on a real Redis server, by RESP 2, with a connection
// for each command.
type Server struct {
	// Network and Address are as for net.Dial.
	Network, Address string
}

// Do implements [Commands].
func (s Server) Do(ctx context.Context, args []string) (any, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, s.Network, s.Address)
	if err != nil {
		return nil, errors.New("ERR cannot reach the server")
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(conn, command.String()); err != nil {
		return nil, errors.New("ERR cannot reach the server")
	}
	return readReply(bufio.NewReader(conn))
}

// readReply reads one reply. The server is trusted with its lengths.
func readReply(r *bufio.Reader) (any, error) {
	line, err := r.ReadString('\n')
	if line = strings.TrimSuffix(line, "\r\n"); err != nil || line == "" {
		return nil, errors.New("ERR the server's reply ended early")
	}
	kind, rest := line[0], line[1:]
	if kind == '+' {
		return rest, nil
	}
	if kind == '-' {
		return nil, errors.New(rest)
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return nil, errors.New("ERR the server's reply is malformed")
	}
	switch {
	case kind == ':':
		return n, nil
	case n < 0:
		return nil, nil
	case kind == '$':
		text := make([]byte, n+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, errors.New("ERR the server's reply ended early")
		}
		return string(text[:n]), nil
	case kind == '*':
		list := make([]any, n)
		for i := range list {
			if list[i], err = readReply(r); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return nil, errors.New("ERR the server's reply is malformed")
}
