package spin

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gatehouse/adapters/spin/wasi"
)

// hostPrefix begins the names of headers by which Spin tells a component about its
// request. It adds them to what the client sent, copies included.
const hostPrefix = "spin-"

var errTarget = errors.New("spin: request target is malformed")

// request makes the request for the core. peerHeader is as in Host. Unless peek, the
// body is not looked at: it can be handed over only then. The error means that the
// client's request makes no sense.
func request(ctx context.Context, in *wasi.Incoming, peerHeader string, peek bool) (*http.Request, error) {
	target := in.PathWithQuery
	if target == "" {
		target = "/"
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, errTarget
	}
	r := &http.Request{
		Method: in.Method, URL: u, RequestURI: target,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: in.Authority,
	}
	fields := make([]wasi.Field, 0, len(in.Fields))
	for _, f := range in.Fields {
		switch name := strings.ToLower(f.Name); {
		case name == peerHeader && name != "":
			r.RemoteAddr = peer(f.Value) // the last one is the host's
		case strings.HasPrefix(name, hostPrefix):
		case name == "host":
			if r.Host == "" {
				r.Host = f.Value
			}
		default:
			fields = append(fields, f)
		}
	}
	r.Header = headerOf(fields)
	showUpgrade(r)
	if in.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	if r.ContentLength, err = contentLength(r.Header["Content-Length"]); err != nil {
		return nil, err
	}
	switch {
	case r.ContentLength == 0:
		r.Body = http.NoBody
	case r.ContentLength < 0 && bodiless(r.Method) && peek:
		r.Body = begun(in.Body)
		if r.Body == http.NoBody {
			r.ContentLength = 0
		}
	default:
		r.Body = io.NopCloser(in.Body)
	}
	return r.WithContext(ctx), nil
}

// chained is the address that Spin gives to requests of other components.
const chained = "0.0.0.0:0"

// peer is the last address in a header's value, empty when that is none.
func peer(value string) string {
	address := strings.Trim(value[strings.LastIndexByte(value, ',')+1:], " \t")
	if address == chained {
		return ""
	}
	return address
}

// showUpgrade gives a WebSocket handshake (RFC 6455, section 4.1) back the two fields
// that hosts keep to themselves. What else Connection named cannot be known.
func showUpgrade(r *http.Request) {
	if r.Method == http.MethodGet && r.Header["Sec-Websocket-Key"] != nil && r.Header["Sec-Websocket-Version"] != nil {
		r.Header["Connection"], r.Header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	}
}

// contentLength is what a header says about the length of the body, -1 if nothing.
func contentLength(values []string) (int64, error) {
	if len(values) == 0 {
		return -1, nil
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return 0, errTarget
		}
	}
	n, err := strconv.ParseUint(strings.Trim(values[0], " \t"), 10, 63)
	if err != nil {
		return 0, errTarget
	}
	return int64(n), nil
}

// bodiless reports methods whose requests have no body as a rule (RFC 9110, section
// 9.3), so that it is worth a look: the host does not say whether there is one.
func bodiless(method string) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return false
	}
	return true
}

// begun waits for the first byte of body and returns it with the rest, or
// [http.NoBody] when there is none. What fails then is for the reader to see.
func begun(body io.Reader) io.ReadCloser {
	first := make([]byte, 1)
	n, err := io.ReadFull(body, first)
	if n == 0 && err == io.EOF {
		return http.NoBody
	}
	if err != nil {
		return io.NopCloser(failing{err})
	}
	return io.NopCloser(io.MultiReader(strings.NewReader(string(first)), body))
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
