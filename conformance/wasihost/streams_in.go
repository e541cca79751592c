package wasihost

import "io"

// inputStream is a resource of wasi:io/streams.
type inputStream struct {
	*source
	failed bool // the error was reported
}

// closedStream is stream-error.closed as a result.
func closedStream() choice { return failed(choice{number: 1}) }

// failedStream is stream-error.last-operation-failed as a result.
func failedStream(err error) choice {
	return failed(choice{0, &failure{err: err, code: some(errorCode(err))}})
}

// read takes up to n bytes, and in their place returns what a stream-error says.
func (s *inputStream) read(n uint64) ([]byte, *choice) {
	b, err := s.take(n)
	if err == nil {
		return b, nil
	}
	c := closedStream()
	if err != io.EOF && !s.failed {
		s.failed = true
		c = failedStream(err)
	}
	return nil, &c
}

// await waits until a read gets something.
func (s *inputStream) await(in *instance) { in.anyOf(&pollable{ready: s.ready}) }

func readStream(s *inputStream, n uint64) any {
	b, c := s.read(n)
	if c != nil {
		return *c
	}
	return ok(b)
}

func skipStream(s *inputStream, n uint64) any {
	b, c := s.read(n)
	if c != nil {
		return *c
	}
	return ok(uint64(len(b)))
}

var _ = implement("wasi:io/streams", map[string]func(in *instance, args []any) any{
	"[method]input-stream.read": func(_ *instance, args []any) any {
		return readStream(args[0].(*inputStream), args[1].(uint64))
	},
	"[method]input-stream.blocking-read": func(in *instance, args []any) any {
		s := args[0].(*inputStream)
		s.await(in)
		return readStream(s, args[1].(uint64))
	},
	"[method]input-stream.skip": func(_ *instance, args []any) any {
		return skipStream(args[0].(*inputStream), args[1].(uint64))
	},
	"[method]input-stream.blocking-skip": func(in *instance, args []any) any {
		s := args[0].(*inputStream)
		s.await(in)
		return skipStream(s, args[1].(uint64))
	},
	"[method]input-stream.subscribe": func(_ *instance, args []any) any {
		s := args[0].(*inputStream)
		return subscribe(s, s.ready)
	},
})
