//go:build wasip1

package composition

import (
	"gatehouse/adapters/spin/abi"
	"gatehouse/adapters/spin/wasi"
)

// Pass lets the application answer the request that is being answered, as p describes.
// It returns when the application has: until then nothing else of the instance goes on.
// status is that of its answer, 0 if it reported an error to the host instead. When
// answered is false nothing was sent.
func Pass(p *wasi.Passed) (status int, answered bool, err error) {
	headers, err := wasi.NewFields(p.Fields)
	if err != nil {
		return 0, false, err
	}
	additions, err := wasi.NewFields(p.Additions)
	if err != nil {
		wasi.DropFields(headers)
		return 0, false, err
	}
	private := uint32(0)
	if p.Private {
		private = 1
	}
	err = wasi.HandOver(func(request, outparam uint32) (left uint32) {
		handle(
			newIncomingRequest(request, p.PathWithQuery, headers),
			newResponseOutparam(outparam, p.OwnCookies, private, additions),
		)
		c := wasi.Begin(abi.ResultSize)
		defer c.Release()
		r := c.Enter()
		end(r)
		if c.Failed(r) {
			return c.U32(r + abi.Handle)
		}
		status, answered = int(uint16(c.U32(r+abi.Handle))), true
		return 0
	})
	if err != nil {
		wasi.DropFields(headers)
		wasi.DropFields(additions)
	}
	return status, answered, err
}
