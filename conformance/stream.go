package conformance

import (
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// progress counts bytes that have arrived. It is safe for concurrent use.
type progress struct {
	mu   sync.Mutex
	n    int
	more chan struct{} // closed at the next change
}

func newProgress() *progress { return &progress{more: make(chan struct{})} }

func (p *progress) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n += n
	close(p.more)
	p.more = make(chan struct{})
}

// await waits until n bytes have arrived, and reports whether they have in 10
// seconds.
func (p *progress) await(n int) bool {
	timeout := time.After(10 * time.Second)
	for {
		p.mu.Lock()
		arrived, more := p.n, p.more
		p.mu.Unlock()
		if arrived >= n {
			return true
		}
		select {
		case <-more:
		case <-timeout:
			return false
		}
	}
}

// counted adds the bytes read to a progress.
type counted struct {
	io.Reader
	progress *progress
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.progress.add(n)
	return n, err
}

// stream is a body of which each line waits until the one before has arrived.
type stream struct {
	lines   []string
	arrived *progress
	held    func() // called when it does not arrive
	sent    int
}

func newStream(body string, arrived *progress, held func()) *stream {
	return &stream{lines: strings.SplitAfter(body, "\n"), arrived: arrived, held: held}
}

var errHeldBack = errors.New("network: held back")

func (s *stream) Read(p []byte) (int, error) {
	if len(s.lines) == 0 || s.lines[0] == "" {
		return 0, io.EOF
	}
	if !s.arrived.await(s.sent) {
		s.held()
		return 0, errHeldBack
	}
	n := copy(p, s.lines[0])
	if s.lines[0] = s.lines[0][n:]; s.lines[0] == "" {
		s.lines = s.lines[1:]
	}
	s.sent += n
	return n, nil
}

func (s *stream) Close() error { return nil }
