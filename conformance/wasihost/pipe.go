package wasihost

import (
	"errors"
	"io"
	"sync"
)

// window is how much a module may write before the other side has read it.
const window = 16 << 10

// pipe is a body on its way out of the module: what a module writes, and a reader
// on another goroutine. It never holds more than the window.
type pipe struct {
	notify func() // wakes the module

	mu     sync.Mutex
	more   sync.Cond
	buffer []byte
	end    error // of the module's side: io.EOF, or why there is no more
	gone   bool  // the reader has closed
}

// errBroken is the end of a body that the module has not finished.
var errBroken = errors.New("wasihost: the body was not finished")

func newPipe(notify func()) *pipe {
	p := &pipe{notify: notify}
	p.more.L = &p.mu
	return p
}

// room returns how much may be written; closed says that nobody reads any more.
func (p *pipe) room() (n int, closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return window - len(p.buffer), p.gone
}

// write adds b, for which there is room.
func (p *pipe) write(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		p.buffer = append(p.buffer, b...)
		p.more.Broadcast()
	}
}

// finish ends the body, with io.EOF or an error. Later calls do nothing.
func (p *pipe) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end == nil {
		p.end = err
		p.more.Broadcast()
	}
}

// Read implements [io.Reader].
func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	for len(p.buffer) == 0 && p.end == nil && !p.gone {
		p.more.Wait()
	}
	defer p.notify()
	defer p.mu.Unlock()
	switch {
	case p.gone:
		return 0, io.ErrClosedPipe
	case len(p.buffer) == 0:
		return 0, p.end
	}
	n := copy(b, p.buffer)
	p.buffer = p.buffer[n:]
	return n, nil
}

// Close implements [io.Closer]: the reader goes away.
func (p *pipe) Close() error {
	p.mu.Lock()
	p.gone, p.buffer = true, nil
	p.more.Broadcast()
	p.mu.Unlock()
	p.notify()
	return nil
}
