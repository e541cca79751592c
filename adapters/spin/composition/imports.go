//go:build wasip1

package composition

// Imports of the world "middleware", in the order of the WIT text.

//go:wasmimport gatehouse:component/exchange [constructor]incoming-request
func newIncomingRequest(original uint32, pathWithQuery string, headers uint32) uint32

//go:wasmimport gatehouse:component/exchange [constructor]response-outparam
func newResponseOutparam(original uint32, ownCookies string, private uint32, additions uint32) uint32

//go:wasmimport gatehouse:component/exchange end
func end(result uint32)

//go:wasmimport gatehouse:component/application handle
func handle(request, responseOut uint32)
