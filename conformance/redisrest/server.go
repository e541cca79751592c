package redisrest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
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
	replies, err := s.send(ctx, [][]string{args})
	if err != nil {
		return nil, err
	}
	if refused, ok := replies[0].(refusal); ok {
		return nil, refused
	}
	return replies[0], nil
}

// Exec implements [Transactions].
func (s Server) Exec(ctx context.Context, commands [][]string) ([]any, error) {
	replies, err := s.send(ctx, slices.Concat([][]string{{"MULTI"}}, commands, [][]string{{"EXEC"}}))
	if err != nil {
		return nil, err
	}
	for _, reply := range replies {
		if refused, ok := reply.(refusal); ok {
			return nil, refused
		}
	}
	results, ok := replies[len(replies)-1].([]any)
	if !ok || len(results) != len(commands) {
		return nil, errors.New("ERR the server's reply is malformed")
	}
	return results, nil
}

// refusal is what a server says of a command that it does not carry out.
type refusal string

func (r refusal) Error() string { return string(r) }

// send sends commands on one connection and returns the reply to each.
func (s Server) send(ctx context.Context, commands [][]string) ([]any, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, s.Network, s.Address)
	if err != nil {
		return nil, errors.New("ERR cannot reach the server")
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var text strings.Builder
	for _, args := range commands {
		fmt.Fprintf(&text, "*%d\r\n", len(args))
		for _, a := range args {
			fmt.Fprintf(&text, "$%d\r\n%s\r\n", len(a), a)
		}
	}
	if _, err := io.WriteString(conn, text.String()); err != nil {
		return nil, errors.New("ERR cannot reach the server")
	}
	replies, r := make([]any, len(commands)), bufio.NewReader(conn)
	for i := range replies {
		if replies[i], err = readReply(r); err != nil {
			return nil, err
		}
	}
	return replies, nil
}

// readReply reads one reply, which may be a refusal. The server is trusted with its
// lengths.
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
		return refusal(rest), nil
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
