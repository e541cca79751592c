package demo

import (
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

const (
	eventInterval = time.Second
	maxMessage    = 1 << 20
)

// events sends one server-sent event at once and one a second until the client goes.
func events(w http.ResponseWriter, r *http.Request) {
	if !readOnly(w, r) {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return
	}
	flusher := http.NewResponseController(w)
	ticker := time.NewTicker(eventInterval)
	defer ticker.Stop()
	for n := 1; ; n++ {
		now := time.Now().UTC().Format(time.RFC3339)
		if _, err := fmt.Fprintf(w, "id: %d\ndata: {\"n\":%d,\"time\":%q}\n\n", n, n, now); err != nil {
			return
		}
		if flusher.Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}

// webSocket sends every message back as it came. The origin must be the request's host
// or, because a proxy may have replaced that, X-Forwarded-Host, which no web page can
// set for a WebSocket.
func webSocket(w http.ResponseWriter, r *http.Request) {
	options := &websocket.AcceptOptions{}
	if host := r.Header.Get("X-Forwarded-Host"); host != "" {
		options.OriginPatterns = []string{host}
	}
	conn, err := websocket.Accept(w, r, options)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	for {
		// After the handshake the request's context may end with its handler only.
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}
