package wasihost

import (
	"errors"
	"io"
	"sync"
	"time"
)

// chunk is how much of a body is read ahead of the module.
const chunk = 16 << 10

// source is a body on its way into the module. It is read, on another goroutine, only
// when the module asks and has nothing left.
type source struct {
	notify func() // wakes the module
	// patience bounds the wait for each part; 0 is no bound.
	patience time.Duration

	mu     sync.Mutex
	body   io.ReadCloser
	buffer []byte
	end    error // io.EOF, or why there is no more
	busy   bool
	closed bool
}

var errImpatient = errors.New("wasihost: no byte of the body has come in time")

// ready tells whether a read gets bytes or the end; if not, it begins to get some.
func (s *source) ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.buffer) > 0 || s.end != nil {
		return true
	}
	if !s.busy {
		s.busy = true
		go s.fill()
	}
	return false
}

func (s *source) fill() {
	b := make([]byte, chunk)
	stop := func() bool { return true }
	if s.patience > 0 {
		stop = time.AfterFunc(s.patience, func() { s.fail(errImpatient) }).Stop
	}
	n, err := s.body.Read(b)
	stop()
	s.mu.Lock()
	if s.busy = false; s.end == nil {
		s.buffer, s.end = b[:n], err
	}
	s.mu.Unlock()
	s.notify()
}

// fail ends the body with an error.
func (s *source) fail(err error) {
	s.mu.Lock()
	if s.end == nil {
		s.end = err
	}
	s.mu.Unlock()
	s.close()
	s.notify()
}

// take returns up to n bytes of what is there, and why there is nothing.
func (s *source) take(n uint64) ([]byte, error) {
	if n == 0 || !s.ready() {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.buffer) == 0 {
		return nil, s.end
	}
	b := s.buffer[:min(n, uint64(len(s.buffer)))]
	s.buffer = s.buffer[len(b):]
	return b, nil
}

// drained tells whether everything was taken, and the error at the end.
func (s *source) drained() (bool, error) {
	if !s.ready() {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.buffer) == 0, s.end
}

// close gives the rest up.
func (s *source) close() {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	if s.end == nil {
		s.end = io.ErrClosedPipe
	}
	s.mu.Unlock()
	if !closed {
		s.body.Close()
	}
}
