package workershost

import (
	"bytes"
	"io"
	"sync"
)

// inFlight is how many writes an upgraded connection takes before the other end has
// read them, as the buffers of a network do.
const inFlight = 64

// joined is an upgraded connection. Its bytes are not looked at.
type joined struct {
	*relay
	queue  chan []byte
	closed chan struct{}
	once   sync.Once
}

func newJoined(r *relay, to io.Writer) *joined {
	j := &joined{relay: r, queue: make(chan []byte, inFlight), closed: make(chan struct{})}
	go func() {
		for {
			select {
			case b := <-j.queue:
				if _, err := to.Write(b); err != nil {
					return
				}
			case <-j.closed:
				return
			}
		}
	}()
	return j
}

func (j *joined) Write(p []byte) (int, error) {
	select {
	case j.queue <- bytes.Clone(p):
		return len(p), nil
	case <-j.closed:
		return 0, io.ErrClosedPipe
	}
}

func (j *joined) Close() error {
	j.once.Do(func() { close(j.closed) })
	return j.relay.Close()
}
