package native

import (
	"bytes"
	stdlog "log"
	"log/slog"
)

// takeStandardLog sends what net/http prints by itself to log, without what it quotes:
// the transport prints the bytes that an application sends unasked, such as a body
// after a 204.
func takeStandardLog(log *slog.Logger) {
	stdlog.SetFlags(0)
	stdlog.SetOutput(standardLog{log})
}

type standardLog struct{ log *slog.Logger }

// Write implements [io.Writer]. Each call is one message.
func (s standardLog) Write(message []byte) (int, error) {
	text, _, _ := bytes.Cut(message, []byte(" starting with "))
	s.log.Warn("message of a library", "text", string(bytes.TrimSpace(text)))
	return len(message), nil
}
