//go:build wasip1

package main

// Handles and addresses are numbers here, so that wrong ones can be passed.

//go:wasmimport wasi:http/types@0.2.0 [constructor]fields
func newFields() uint32

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]fields
func dropFields(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]fields.append
func appendField(self, name, nameLen, value, valueLen, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]fields.has
func hasField(self, name, nameLen uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]fields.entries
func entriesOf(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.path-with-query
func pathOf(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.headers
func headersOf(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.consume
func consumeRequest(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]incoming-request
func dropRequest(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-body.stream
func bodyStream(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]incoming-body
func dropIncomingBody(self uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]input-stream.blocking-read
func blockingRead(self uint32, n uint64, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [resource-drop]input-stream
func dropInput(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [constructor]outgoing-response
func newResponse(fields uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-response.set-status-code
func setStatus(self, code uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-response.body
func responseBody(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [static]response-outparam.set
func setOutparam(out, result, a, b uint32, c uint64, d, e, f, g uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-body.write
func bodyWrite(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [static]outgoing-body.finish
func finishBody(self, some, trailers, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]outgoing-body
func dropOutgoingBody(self uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.check-write
func checkWrite(self, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.write
func write(self, address, n, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.blocking-write-and-flush
func blockingWrite(self, address, n, result uint32)

//go:wasmimport wasi:io/streams@0.2.0 [resource-drop]output-stream
func dropOutput(self uint32)

//go:wasmimport wasi:io/poll@0.2.0 poll
func poll(list, n, result uint32)

//go:wasmimport wasi:io/poll@0.2.0 [method]pollable.block
func block(self uint32)

//go:wasmimport wasi:io/poll@0.2.0 [resource-drop]pollable
func dropPollable(self uint32)

//go:wasmimport wasi:clocks/monotonic-clock@0.2.0 now
func now() uint64

//go:wasmimport wasi:clocks/monotonic-clock@0.2.0 subscribe-duration
func after(nanoseconds uint64) uint32

//go:wasmimport wasi:http/types@0.2.0 [constructor]outgoing-request
func newRequest(fields uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-request.set-authority
func setAuthority(self, some, address, n uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-request.set-path-with-query
func setPath(self, some, address, n uint32) uint32

//go:wasmimport wasi:http/outgoing-handler@0.2.0 handle
func send(request, some, options, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]future-incoming-response.subscribe
func subscribeResponse(self uint32) uint32

//go:wasmimport wasi:http/types@0.2.0 [method]future-incoming-response.get
func getResponse(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]future-incoming-response
func dropFuture(self uint32)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-response.consume
func consumeResponse(self, result uint32)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]incoming-response
func dropResponse(self uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [static]store.open
func openStore(label, n, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.get
func storeGet(self, key, n, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [method]store.set
func storeSet(self, key, n, value, valueLen, result uint32)

//go:wasmimport fermyon:spin/key-value@2.0.0 [resource-drop]store
func dropStore(self uint32)

//go:wasmimport fermyon:spin/variables@2.0.0 get
func variable(name, n, result uint32)
