package workershost

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// source is a native byte stream, which JavaScript knows by its handle: the body of
// the request, of an answer to a fetch, bytes in memory, or a pipe that JavaScript
// writes. It belongs to a context.
type source struct {
	id       int64
	owner    *ioContext
	read     io.ReadCloser
	length   int64 // -1: not known
	encoding string
	carrier  *carrier       // of an answer to a fetch: what its connection waits on
	pipe     *io.PipeWriter // of a pipe
	left     int64          // of a pipe of fixed length: what is missing
	ended    bool           // of a pipe: JavaScript has written all that it will
	conn     io.ReadWriteCloser
	mu       sync.Mutex
	decoded  io.Reader
}

// readSize is the most that one read hands over.
const readSize = 64 << 10

// addSource makes src the running context's.
func (s *Isolate) addSource(src *source) *source {
	s.handles++
	src.id, src.owner = s.handles, s.here()
	s.sources[src.id] = src
	src.owner.sources[src.id] = src
	return src
}

// source returns a stream; it throws when it is another context's.
func (s *Isolate) source(id int64) *source {
	src := s.sources[id]
	if src == nil || src.owner != s.current {
		if s.current == nil {
			s.throw("Error", globalScope)
		}
		s.throw("Error", otherRequest)
	}
	return src
}

// native reports whether the stream goes on without JavaScript.
func (src *source) native() bool { return src.pipe == nil || src.ended }

// abort breaks the stream off on both ends.
func (src *source) abort(err error) {
	if src.pipe != nil {
		_ = src.pipe.CloseWithError(err)
	}
	if src.carrier != nil {
		src.carrier.cancel()
	}
	if src.read != nil {
		_ = src.read.Close()
	}
}

// relay returns the stream to send and its length, encoded as it came if that is what
// the header says.
func (src *source) relay(automatic bool, encoding string) (io.ReadCloser, int64) {
	if src.encoding == "" || automatic && strings.EqualFold(encoding, src.encoding) {
		return src.read, src.length
	}
	return struct {
		io.Reader
		io.Closer
	}{readerFunc(src.decode), src.read}, -1
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// decode reads, undoing the content coding that fetch undoes.
func (src *source) decode(p []byte) (int, error) {
	src.mu.Lock()
	defer src.mu.Unlock()
	if src.decoded == nil {
		src.decoded = src.read
		if src.encoding == "gzip" {
			z, err := gzip.NewReader(src.read)
			if err != nil {
				return 0, err
			}
			src.decoded = z
		}
	}
	return src.decoded.Read(p)
}

// streamNatives are the natives of streams.
func (s *Isolate) streamNatives() map[string]any {
	return map[string]any{
		// read resolves with an ArrayBuffer, or null at the end.
		"read": func(id, most int64) goja.Value {
			src := s.source(id)
			carrier, once := src.carrier, false
			if carrier == nil {
				carrier, once = s.here().carrier(), true
			}
			buf := make([]byte, min(max(most, 1), readSize))
			return s.asyncOn(carrier, once, func(context.Context) (func() any, error) {
				n, err := 0, error(nil)
				for n == 0 && err == nil {
					n, err = src.decode(buf)
				}
				if n > 0 {
					return func() any { return s.vm.NewArrayBuffer(buf[:n]) }, nil
				}
				if err == io.EOF {
					return func() any { return goja.Null() }, nil
				}
				return nil, errLost
			})
		},
		"cancel": func(id int64) { s.source(id).abort(errors.New("the stream was cancelled")) },
		"memory": func(b goja.ArrayBuffer, offset, length int64) int64 {
			data := bytes.Clone(b.Bytes()[offset : offset+length])
			return s.addSource(&source{read: io.NopCloser(bytes.NewReader(data)), length: length}).id
		},
		"pipe": func(length int64) int64 {
			r, w := io.Pipe()
			return s.addSource(&source{read: r, pipe: w, length: length, left: length}).id
		},
		// write resolves once the other end has taken the bytes.
		"write": func(id int64, b goja.ArrayBuffer, offset, length int64) goja.Value {
			src := s.source(id)
			data := bytes.Clone(b.Bytes()[offset : offset+length])
			if src.length >= 0 {
				if src.left -= length; src.left < 0 {
					s.throw("TypeError", "Attempt to write too many bytes through a FixedLengthStream.")
				}
			}
			return s.async(func(context.Context) (func() any, error) {
				_, err := src.pipe.Write(data)
				return nil, err
			})
		},
		"close": func(id int64) {
			src := s.source(id)
			src.ended = true
			if src.length >= 0 && src.left > 0 {
				_ = src.pipe.CloseWithError(io.ErrUnexpectedEOF)
				s.throw("TypeError", "FixedLengthStream did not see all expected bytes before close().")
			}
			_ = src.pipe.Close()
		},
		"abort": func(id int64) {
			src := s.source(id)
			src.ended = true
			_ = src.pipe.CloseWithError(io.ErrUnexpectedEOF)
		},
	}
}
