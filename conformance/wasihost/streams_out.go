package wasihost

// outputStream is a resource of wasi:io/streams. It leads into a body.
type outputStream struct {
	body     *outgoingBody
	permit   uint64 // what check-write allowed
	flushing bool
}

// maxBlockingWrite is the most that the blocking writes take.
const maxBlockingWrite = 4096

// room returns how much may be written at once; during a flush nothing.
func (s *outputStream) room() (n uint64, closed bool) {
	room, closed := s.body.pipe.room()
	if closed {
		return 0, true
	}
	if s.flushing = s.flushing && room < window; s.flushing {
		return 0, false
	}
	return uint64(room), false
}

func (s *outputStream) writable() bool {
	n, closed := s.room()
	return n > 0 || closed
}

// write writes b, for which there is a permit.
func (s *outputStream) write(b []byte) choice {
	if uint64(len(b)) > s.permit {
		trapf("write of %d bytes where check-write allowed %d", len(b), s.permit)
	}
	s.permit -= uint64(len(b))
	if _, closed := s.room(); closed {
		return closedStream()
	}
	if err := s.body.write(b); err != nil {
		return failedStream(err)
	}
	return ok(nil)
}

// writeAndFlush waits until b is with the reader.
func (s *outputStream) writeAndFlush(in *instance, b []byte) choice {
	if len(b) > maxBlockingWrite {
		trapf("blocking-write-and-flush of %d bytes; the limit is %d", len(b), maxBlockingWrite)
	}
	for len(b) > 0 {
		in.anyOf(&pollable{ready: s.writable})
		n, closed := s.room()
		if closed {
			return closedStream()
		}
		s.permit = n
		part := b[:min(n, uint64(len(b)))]
		if c := s.write(part); c.number != 0 {
			return c
		}
		b = b[len(part):]
	}
	s.permit = 0
	return s.flush(in)
}

func (s *outputStream) flush(in *instance) choice {
	s.flushing = true
	in.anyOf(&pollable{ready: s.writable})
	if _, closed := s.room(); closed {
		return closedStream()
	}
	return ok(nil)
}

func (s *outputStream) splice(src *inputStream, n uint64) any {
	room, closed := s.room()
	if closed {
		return closedStream()
	}
	b, c := src.read(min(n, room))
	if c != nil {
		return *c
	}
	s.permit = room
	if c := s.write(b); c.number != 0 {
		return c
	}
	return ok(uint64(len(b)))
}

var _ = implement("wasi:io/streams", map[string]func(in *instance, args []any) any{
	"[method]output-stream.check-write": func(_ *instance, args []any) any {
		s := args[0].(*outputStream)
		n, closed := s.room()
		if s.permit = n; closed {
			return closedStream()
		}
		return ok(n)
	},
	"[method]output-stream.write": func(_ *instance, args []any) any {
		return args[0].(*outputStream).write(args[1].([]byte))
	},
	"[method]output-stream.blocking-write-and-flush": func(in *instance, args []any) any {
		return args[0].(*outputStream).writeAndFlush(in, args[1].([]byte))
	},
	"[method]output-stream.flush": func(_ *instance, args []any) any {
		s := args[0].(*outputStream)
		s.flushing, s.permit = true, 0
		if _, closed := s.room(); closed {
			return closedStream()
		}
		return ok(nil)
	},
	"[method]output-stream.blocking-flush": func(in *instance, args []any) any {
		s := args[0].(*outputStream)
		s.permit = 0
		return s.flush(in)
	},
	"[method]output-stream.subscribe": func(_ *instance, args []any) any {
		s := args[0].(*outputStream)
		return subscribe(s, s.writable)
	},
	"[method]output-stream.splice": func(_ *instance, args []any) any {
		return args[0].(*outputStream).splice(args[1].(*inputStream), args[2].(uint64))
	},
	"[method]output-stream.blocking-splice": func(in *instance, args []any) any {
		s, src := args[0].(*outputStream), args[1].(*inputStream)
		in.anyOf(&pollable{ready: s.writable})
		src.await(in)
		return s.splice(src, args[2].(uint64))
	},
})
