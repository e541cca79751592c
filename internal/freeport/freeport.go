// Package freeport chooses ports for servers that a test starts as programs of their own,
// which have to be told one.
//
// The ports are below those that Linux, macOS and Windows give to listeners on port 0 and
// to outgoing connections, so that none of the other sockets of a test run takes one between the
// choice and the program's start. Tests only.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports are from lowest up to, and without, highest.
const lowest, highest = 20000, 32000

var (
	mu     sync.Mutex
	chosen = map[int]bool{}
)

// Choose returns a port of 127.0.0.1 that nobody listens on and that this process has not
// been given before. The error says that a thousand ports were taken.
func Choose() (string, error) {
	mu.Lock()
	defer mu.Unlock()
	for range 1000 {
		port := lowest + rand.IntN(highest-lowest)
		if !chosen[port] && free(port) {
			chosen[port] = true
			return strconv.Itoa(port), nil
		}
	}
	return "", fmt.Errorf("freeport: a thousand ports from %d to %d are taken", lowest, highest-1)
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = l.Close() // it has accepted nothing
	return true
}
