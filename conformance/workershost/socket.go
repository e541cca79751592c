package workershost

import (
	"bytes"
	"context"
	"net"

	"github.com/dop251/goja"
)

// socketNatives are the natives of WebSockets, whose handles are those of sources.
func (s *Isolate) socketNatives() map[string]any {
	return map[string]any{
		// socketPair returns the handles of two ends.
		"socketPair": func() []int64 {
			a, b := net.Pipe()
			return []int64{s.addSource(&source{read: a, conn: a}).id, s.addSource(&source{read: b, conn: b}).id}
		},
		// socketWrite resolves once the other end has taken the bytes.
		"socketWrite": func(id int64, b goja.ArrayBuffer, offset, length int64) goja.Value {
			src := s.source(id)
			data := bytes.Clone(b.Bytes()[offset : offset+length])
			return s.async(func(context.Context) (func() any, error) {
				_, err := src.conn.Write(data)
				return nil, err
			})
		},
		"socketClose": func(id int64) { _ = s.source(id).conn.Close() },
	}
}
