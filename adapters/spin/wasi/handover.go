//go:build wasip1

package wasi

// present is the request that is being answered.
var present struct {
	body   *requestBody
	answer *answer
}

// HandOver gives the incoming-request that is being answered and its response-outparam
// to f, which returns the latter if it was not set, or 0. It is for what answers in
// the handler's place. An error means that f was not called: the body was looked at, or
// the answer was begun.
func HandOver(f func(request, outparam uint32) (left uint32)) error {
	body, answer := present.body, present.answer
	if body == nil || body.request == 0 {
		return errTaken
	}
	if answer.outparam == 0 {
		return errAnswered
	}
	request, outparam := body.request, answer.outparam
	body.request, answer.outparam = 0, 0
	answer.outparam = f(request, outparam)
	return nil
}

// NewFields makes a fields resource without what the host forbids. The error is a field
// that it finds malformed.
func NewFields(list []Field) (fields uint32, err error) { return makeFields(list, true) }

// DropFields drops what NewFields made.
func DropFields(fields uint32) { dropFields(fields) }
