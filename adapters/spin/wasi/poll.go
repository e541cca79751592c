//go:build wasip1

package wasi

import (
	"time"
	"unsafe"

	"gatehouse/adapters/spin/abi"
)

// loop is the instance's.
var loop = NewLoop(hostPoller{})

// Run runs work, which may wait for the host, in an export that is not the handler.
func Run(work func()) { loop.Run(work) }

type hostPoller struct{}

func (hostPoller) Poll(pollables []uint32) []uint32 {
	c := Begin(small + 4*len(pollables))
	defer c.Release()
	r := c.Enter()
	poll(unsafe.SliceData(pollables), uint32(len(pollables)), r)
	return c.Numbers(r)
}

func (hostPoller) After(d time.Duration) uint32 { return subscribeDuration(uint64(d)) }

func (hostPoller) Drop(pollable uint32) { dropPollable(pollable) }

// streamError turns the stream-error at address into an error and drops its handle:
// closed becomes errClosed.
func streamError(c *Call, address uint32) error {
	e := c.StreamError(address)
	if e.Closed {
		return errClosed
	}
	defer dropError(e.Handle)
	d := Begin(small)
	defer d.Release()
	r := d.Enter()
	httpErrorCode(e.Handle, r)
	if d.Some(r) {
		return d.Code(r + abi.CodeInResult)
	}
	return errStream
}
