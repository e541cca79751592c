//go:build wasip1

package wasi

// Imports, in the order of the WIT text (see wit/). Handles, addresses and
// discriminants are i32; an option or variant among the parameters is a discriminant
// and its payload; result is the address of what does not fit into one number
// (Canonical ABI, "Flattening").

//go:wasmimport wasi:http/types@0.2.0 http-error-code
func httpErrorCode(err uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [constructor]fields
func newFields() uint32

//go:wasmimport wasi:http/types@0.2.0 [method]fields.append
func fieldsAppend(self uint32, name, value string, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]fields.entries
func fieldsEntries(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]fields
func dropFields(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.method
func incomingRequestMethod(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.path-with-query
func incomingRequestPathWithQuery(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.scheme
func incomingRequestScheme(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.authority
func incomingRequestAuthority(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.headers
func incomingRequestHeaders(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.consume
func incomingRequestConsume(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]incoming-request
func dropIncomingRequest(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [constructor]outgoing-request
func newOutgoingRequest(headers uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-request.body
func outgoingRequestBody(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-request.set-method
func outgoingRequestSetMethod(self uint32, method uint32, other string) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-request.set-path-with-query
func outgoingRequestSetPathWithQuery(self uint32, some uint32, value string) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-request.set-scheme
func outgoingRequestSetScheme(self uint32, some uint32, scheme uint32, other string) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-request.set-authority
func outgoingRequestSetAuthority(self uint32, some uint32, value string) uint32

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]outgoing-request
func dropOutgoingRequest(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [constructor]request-options
func newRequestOptions() uint32

//go:wasmimport wasi:http/types@0.2.0 [method]request-options.set-connect-timeout
func setConnectTimeout(self uint32, some uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]request-options.set-first-byte-timeout
func setFirstByteTimeout(self uint32, some uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]request-options.set-between-bytes-timeout
func setBetweenBytesTimeout(self uint32, some uint32, nanoseconds uint64) uint32

// responseOutparamSet takes a result<outgoing-response, error-code>: response is the
// handle, or the discriminant of the error-code, whose payload follows.
//
//go:wasmimport wasi:http/types@0.2.0 [static]response-outparam.set
func responseOutparamSet(param uint32, failed uint32, response uint32, p0 uint32, p1 uint64, p2, p3, p4, p5 uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-response.status
func incomingResponseStatus(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-response.headers
func incomingResponseHeaders(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-response.consume
func incomingResponseConsume(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]incoming-response
func dropIncomingResponse(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-body.stream
func incomingBodyStream(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [static]incoming-body.finish
func incomingBodyFinish(this uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]incoming-body
func dropIncomingBody(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]future-trailers.subscribe
func futureTrailersSubscribe(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]future-trailers.get
func futureTrailersGet(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]future-trailers
func dropFutureTrailers(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [constructor]outgoing-response
func newOutgoingResponse(headers uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-response.set-status-code
func outgoingResponseSetStatusCode(self uint32, status uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-response.body
func outgoingResponseBody(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]outgoing-response
func dropOutgoingResponse(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-body.write
func outgoingBodyWrite(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [static]outgoing-body.finish
func outgoingBodyFinish(this uint32, some uint32, trailers uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]outgoing-body
func dropOutgoingBody(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]future-incoming-response.subscribe
func futureIncomingResponseSubscribe(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]future-incoming-response.get
func futureIncomingResponseGet(self uint32, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]future-incoming-response
func dropFutureIncomingResponse(self uint32)

//go:wasmimport wasi:http/outgoing-handler@0.2.0 handle
func outgoingHandle(request uint32, some uint32, options uint32, result uint32)

//go:wasmimport wasi:io/error@0.2.0 [resource-drop]error
func dropError(self uint32)

//go:wasmimport wasi:io/poll@0.2.0 poll
func poll(pollables *uint32, n uint32, result uint32)

//go:wasmimport wasi:io/poll@0.2.0 [resource-drop]pollable
func dropPollable(self uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]input-stream.read
func inputStreamRead(self uint32, n uint64, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]input-stream.subscribe
func inputStreamSubscribe(self uint32) uint32

//go:wasmimport wasi:io/streams@0.2.0 [resource-drop]input-stream
func dropInputStream(self uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.check-write
func outputStreamCheckWrite(self uint32, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.write
func outputStreamWrite(self uint32, data *byte, n uint32, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.flush
func outputStreamFlush(self uint32, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.subscribe
func outputStreamSubscribe(self uint32) uint32

//go:wasmimport wasi:io/streams@0.2.0 [resource-drop]output-stream
func dropOutputStream(self uint32)

//go:wasmimport wasi:clocks/monotonic-clock@0.2.0 subscribe-duration
func subscribeDuration(nanoseconds uint64) uint32
