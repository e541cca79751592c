package workershost

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"

	"github.com/dop251/goja"
)

// thrown is an error with the runtime's own text, which Workers may look at.
type thrown string

func (t thrown) Error() string { return string(t) }

const (
	errAborted thrown = "The operation was aborted"
	errLost    thrown = "Network connection lost."
)

// fetchNative is the native of fetch, of the network or of a service binding: headers
// are names and values in turn, body is the handle of a source or null. It returns
// {answer, abort}; the answer resolves with {status, headers, body, upgraded}.
func (s *Isolate) fetchNative(service, method, url string, headers []string, body goja.Value, manual bool) goja.Value {
	transport := s.env.Fetch
	if service != "" {
		transport = s.env.Services[service]
	}
	c := s.here()
	carrier := c.carrier()
	req, err := http.NewRequestWithContext(carrier.ctx, method, url, nil)
	if err != nil || req.URL.Host == "" {
		s.throw("TypeError", "Invalid URL: "+url)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if name := http.CanonicalHeaderKey(headers[i]); name != "Host" {
			req.Header.Add(name, headers[i+1])
		}
	}
	req.Header.Del("Content-Length")
	req.Header.Del("Transfer-Encoding")
	s.handshake(req.Header)
	if !goja.IsNull(body) {
		src := s.source(body.ToInteger())
		req.Body, req.ContentLength = src.read, src.length
		if src.length == 0 {
			req.Body = http.NoBody
		}
		if src.length >= 0 {
			req.Header.Set("Content-Length", itoa(src.length))
		}
	}
	answer := s.asyncOn(carrier, false, func(context.Context) (func() any, error) {
		res, err := transport.RoundTrip(req)
		if err != nil {
			if req.Body != nil {
				_ = req.Body.Close()
			}
			if cause := context.Cause(carrier.ctx); cause != nil {
				return nil, errAborted
			}
			return nil, errLost
		}
		if c.ctx.Err() != nil {
			res.Body.Close()
			return nil, c.ctx.Err()
		}
		return func() any { return s.answered(carrier, req, res, manual) }, nil
	})
	return s.vm.ToValue(map[string]any{"answer": answer, "abort": carrier.cancel})
}

// answered is an answer as the polyfill takes it.
func (s *Isolate) answered(carrier *carrier, req *http.Request, res *http.Response, manual bool) any {
	out := map[string]any{
		"status": res.StatusCode, "statusText": strings.TrimSpace(strings.TrimPrefix(res.Status, itoa(int64(res.StatusCode)))),
		"headers": lower(res.Header), "body": nil, "upgraded": false,
	}
	src := &source{read: res.Body, length: res.ContentLength, carrier: carrier}
	if conn, ok := res.Body.(io.ReadWriteCloser); ok && res.StatusCode == http.StatusSwitchingProtocols {
		src.conn = conn
		out["body"], out["upgraded"] = s.addSource(src).id, true
		return out
	}
	if nullBody(res.StatusCode) || req.Method == http.MethodHead {
		res.Body.Close()
		return out
	}
	if e := strings.ToLower(res.Header.Get("Content-Encoding")); e == "gzip" && !manual {
		src.encoding = e
	}
	out["body"] = s.addSource(src).id
	return out
}

// handshake completes the header of a request that asks for a WebSocket: the runtime
// makes the handshake itself (RFC 6455, section 4.1), whatever the Worker says of it.
func (s *Isolate) handshake(h http.Header) {
	for _, name := range []string{"Connection", "Sec-Websocket-Key", "Sec-Websocket-Version"} {
		h.Del(name)
	}
	if !strings.EqualFold(h.Get("Upgrade"), "websocket") {
		h.Del("Upgrade")
		return
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(s.env.Random, nonce); err != nil {
		panic(s.vm.NewGoError(err))
	}
	h.Set("Connection", "Upgrade")
	h.Set("Sec-Websocket-Key", base64.StdEncoding.EncodeToString(nonce))
	h.Set("Sec-Websocket-Version", "13")
}
