//go:build wasip1

// Command guest is a handler whose path says how it behaves: right or, in one of many
// ways, wrong.
package main

import "strings"

func main() {}

var (
	request, outparam uint32
	headers           uint32
)

//go:wasmexport wasi:http/incoming-handler@0.2.0#handle
func handle(req, out uint32) {
	request, outparam = req, out
	pathOf(request, result())
	path, _, _ := strings.Cut(text(4), "?")
	f := behaviours[strings.TrimPrefix(path, "/")]
	if f == nil {
		panic("no behaviour " + path)
	}
	f()
}

// newStatus makes a response and its body.
func newStatus(code uint32, fields ...string) (body uint32) {
	f := newFields()
	for i := 0; i < len(fields); i += 2 {
		appendField(f, address(fields[i]), length(fields[i]), address(fields[i+1]), length(fields[i+1]), result())
		if byteAt(0) != 0 {
			panic("field refused")
		}
	}
	r := newResponse(f)
	setStatus(r, code)
	responseBody(r, result())
	body = word(4)
	setOutparam(outparam, 0, r, 0, 0, 0, 0, 0, 0)
	return body
}

func openBody(body uint32) (stream uint32) {
	bodyWrite(body, result())
	return word(4)
}

func put(stream uint32, s string) (ok bool) {
	for len(s) > 0 {
		n := min(len(s), 4096)
		blockingWrite(stream, address(s), uint32(n), result())
		if byteAt(0) != 0 {
			return false
		}
		s = s[n:]
	}
	return true
}

func finish(body, stream uint32) (ok bool) {
	dropOutput(stream)
	finishBody(body, 0, 0, result())
	return byteAt(0) == 0
}

// reply answers and drops the request.
func reply(code uint32, s string) {
	body := newStatus(code)
	stream := openBody(body)
	put(stream, s)
	finish(body, stream)
	dropRequest(request)
}

// read returns the next part of a stream; end says that there is none.
func read(stream uint32) (part string, end bool) {
	used = 256 << 10 // what was read before is not needed any more
	blockingRead(stream, 4096, result())
	if byteAt(0) != 0 {
		return "", true
	}
	return text(4), false
}

// fetch sends a GET request and returns the future.
func fetch(authority, path string) uint32 {
	r := newRequest(newFields())
	setAuthority(r, 1, address(authority), length(authority))
	setPath(r, 1, address(path), length(path))
	send(r, 0, 0, result())
	if byteAt(0) != 0 {
		panic("refused")
	}
	return word(8)
}
