package native

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
)

// straight reports whether [Forward.forwardStraight] can send out: a request without a
// body, an expectation or an upgrade, which is most of them.
func straight(out *http.Request) bool {
	return (out.Body == nil || out.Body == http.NoBody) && out.Header["Upgrade"] == nil && out.Header["Expect"] == nil
}

// forwardStraight does what [httputil.ReverseProxy] would do for such a request,
// without the copies and checks of headers that the core has made already: edit
// removes what is hop-by-hop.
func (f *Forward) forwardStraight(w http.ResponseWriter, out *http.Request, edit func(int, http.Header)) error {
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = []string{""} // or the transport sends its own
	}
	hints := &earlyHints{w: w}
	out = out.WithContext(httptrace.WithClientTrace(out.Context(), &httptrace.ClientTrace{Got1xxResponse: hints.pass}))
	res, err := f.transport.RoundTrip(out)
	hints.end()
	if err != nil {
		return (&transfer{Context: out.Context(), err: err}).classify()
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return errUnaskedProtocol
	}
	if res.StatusCode < 200 {
		return errStatus
	}
	edit(res.StatusCode, res.Header)
	header := w.Header()
	for name, values := range res.Header {
		header[name] = values
	}
	announced := len(res.Trailer)
	if announced > 0 {
		names := make([]string, 0, announced)
		for name := range res.Trailer {
			names = append(names, name)
		}
		header["Trailer"] = []string{strings.Join(names, ", ")}
	}
	keepUntyped(header)
	w.WriteHeader(res.StatusCode)
	if err := copyBody(w, res); err != nil {
		f.proxy.ErrorLog.Printf("answer broke off: %v", err)
		panic(http.ErrAbortHandler)
	}
	res.Body.Close() // fills in the trailers
	if len(res.Trailer) > 0 {
		http.NewResponseController(w).Flush() // with a length there could be none
	}
	for name, values := range res.Trailer {
		if len(res.Trailer) != announced {
			name = http.TrailerPrefix + name
		}
		header[name] = values
	}
	return nil
}

// copyBody copies the answer's body, and flushes after each read what a client may be
// waiting for.
func copyBody(w http.ResponseWriter, res *http.Response) error {
	if res.Body == http.NoBody {
		return nil
	}
	flush := func() error { return nil }
	if res.ContentLength < 0 || isEventStream(res.Header["Content-Type"]) {
		flush = http.NewResponseController(w).Flush
		flush()
	}
	buffer := bufferPool{}.Get()
	defer bufferPool{}.Put(buffer)
	for {
		n, err := res.Body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
			flush()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func isEventStream(values []string) bool {
	const mediaType = "text/event-stream"
	return len(values) > 0 && len(values[0]) >= len(mediaType) && strings.EqualFold(values[0][:len(mediaType)], mediaType)
}

// earlyHints passes informational answers on until the final one comes: the transport
// reports them from a goroutine of its own.
type earlyHints struct {
	w     http.ResponseWriter
	mu    sync.Mutex
	ended bool
}

func (h *earlyHints) end() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
}

func (h *earlyHints) pass(status int, header textproto.MIMEHeader) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return nil
	}
	sent := h.w.Header()
	keepHints(sent, http.Header(header))
	h.w.WriteHeader(status)
	clear(sent)
	return nil
}
