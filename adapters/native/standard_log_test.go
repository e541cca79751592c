package native

import (
	"bytes"
	"fmt"
	stdlog "log"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// kept is a writer that may be read while it is written.
type kept struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.String()
}

// An answer's body does not reach the log, even if it comes where there is none.
func TestUnsolicitedBytesAreNotLogged(t *testing.T) {
	writer, flags := stdlog.Writer(), stdlog.Flags()
	t.Cleanup(func() { stdlog.SetOutput(writer); stdlog.SetFlags(flags) })
	var log kept
	takeStandardLog(newLogger(&log, slog.LevelInfo))

	application := rawApplication(t, "HTTP/1.1 204 No Content\r\n\r\nthe body of a page")
	if got := exchangeRaw(t, application, fmt.Sprintf(forms["without body"], "1.1")); !strings.HasPrefix(got, "HTTP/1.1 204 ") {
		t.Fatalf("got %q", got)
	}
	for range 100 {
		if log.String() != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := log.String(); !strings.HasPrefix(got, "{") || !strings.Contains(got, "Unsolicited response") || strings.Contains(got, "the body") {
		t.Errorf("logged %q", got)
	}
}
