package spin

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"gatehouse/adapters/spin/wasi"
)

// maxConnect bounds the time to a connection.
const maxConnect = 10 * time.Second

// outgoing is the host's form of r, which has a body unless r.Body is nil or
// [http.NoBody].
func outgoing(r *http.Request) *wasi.Request {
	out := &wasi.Request{
		Method:        r.Method,
		Scheme:        r.URL.Scheme,
		Authority:     r.URL.Host,
		PathWithQuery: r.URL.RequestURI(),
		Fields:        fieldsOf(r.Header),
	}
	if out.Method == "" {
		out.Method = http.MethodGet
	}
	hasBody := r.Body != nil && r.Body != http.NoBody
	if hasBody {
		out.Body = r.Body
	}
	switch {
	case hasBody && r.ContentLength > 0:
		out.Fields = append(out.Fields, wasi.Field{Name: "content-length", Value: strconv.FormatInt(r.ContentLength, 10)})
	case !hasBody && !bodiless(out.Method):
		out.Fields = append(out.Fields, wasi.Field{Name: "content-length", Value: "0"})
	}
	return out
}

// timedOut reports whether err says that something took too long.
func timedOut(err error) bool {
	if errors.Is(err, wasi.ErrHeaderTimeout) {
		return true
	}
	var code *wasi.ErrorCode
	if !errors.As(err, &code) {
		return false
	}
	switch code.Name {
	case "DNS-timeout", "connection-timeout", "connection-read-timeout", "connection-write-timeout", "HTTP-response-timeout":
		return true
	}
	return false
}
