package workershost

import (
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/dop251/goja"
)

// nullBody are the statuses of answers without a body.
func nullBody(status int) bool {
	return status == 101 || status == 204 || status == 205 || status == 304
}

// connectionFields belong to a connection; the server keeps what a Worker says of
// them to itself.
var connectionFields = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Proxy-Connection": true, "Sec-Websocket-Accept": true,
}

// respond is the Worker's answer: headers are names and values in turn, body is the
// handle of a source or of a WebSocket, or null.
func (x *exchange) respond(status int, headers []string, body goja.Value, automatic bool) {
	if x.responded {
		return
	}
	res := &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: x.request, Header: http.Header{}, Body: http.NoBody,
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if name := http.CanonicalHeaderKey(headers[i]); !connectionFields[name] {
			res.Header.Add(name, headers[i+1])
		}
	}
	said := res.Header.Get("Content-Length")
	res.Header.Del("Content-Length")
	c := x.context
	s := c.isolate
	var src *source
	if !goja.IsNull(body) && !goja.IsUndefined(body) {
		src = s.source(body.ToInteger())
	}
	head := x.request.Method == http.MethodHead
	x.responded = true
	switch {
	case status == http.StatusSwitchingProtocols:
		x.upgrade(res, src)
	case src == nil:
		x.done = true
		res.ContentLength = 0
		if said == "" {
			said = "0"
		}
		if status == 200 || head || said != "0" {
			setLength(res, said)
		}
		if nullBody(status) {
			res.Header.Del("Content-Length")
		}
		c.linger()
	default:
		read, length := src.relay(automatic, res.Header.Get("Content-Encoding"))
		switch {
		case head && said != "":
			setLength(res, said)
		case length >= 0:
			setLength(res, itoa(length))
		default:
			res.ContentLength = -1
		}
		if head {
			x.done = true
			_ = read.Close()
			src.abort(io.ErrClosedPipe)
			c.linger()
			break
		}
		x.body = src
		r := &relay{exchange: x, read: read}
		if src.native() {
			carrier := src.carrier
			if carrier == nil {
				carrier = c.carrier()
			}
			r.operation = carrier.begin()
		}
		res.Body = r
	}
	x.answer <- result{response: res}
}

func setLength(res *http.Response, n string) {
	res.Header.Set("Content-Length", n)
	if v, err := strconv.ParseInt(n, 10, 64); err == nil {
		res.ContentLength = v
	}
}

// upgrade joins the client to a WebSocket that came with the answer to a fetch. The
// frames are not looked at.
func (x *exchange) upgrade(res *http.Response, src *source) {
	x.body = src
	sum := sha1.Sum([]byte(x.request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	res.Header.Set("Upgrade", "websocket")
	res.Header.Set("Connection", "Upgrade")
	res.Header.Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
	res.Body = newJoined(&relay{exchange: x, read: src.conn}, src.conn)
}

// relay is the body that the client reads. Where the Worker has no part in it, time
// stands still until the client has all of it.
type relay struct {
	exchange  *exchange
	read      io.ReadCloser
	operation *operation // or nil
	ended     atomic.Bool
}

func (r *relay) Read(p []byte) (int, error) {
	n, err := r.read.Read(p)
	if err != nil {
		r.finish(err == io.EOF)
	}
	return n, err
}

func (r *relay) Close() error {
	err := r.read.Close()
	r.finish(false)
	return err
}

// finish tells the loop that the body has ended: complete, or else the client is gone.
func (r *relay) finish(complete bool) {
	if r.ended.Swap(true) {
		return
	}
	x := r.exchange
	task := func() {
		switch {
		case x.context.over:
		case complete:
			x.done = true
			x.context.linger()
		default:
			x.leave()
		}
	}
	if r.operation != nil {
		r.operation.end(task)
	} else {
		x.context.isolate.loop.post(task)
	}
}

func lower(h http.Header) []string {
	var out []string
	for name, vs := range h {
		for _, v := range vs {
			out = append(out, strings.ToLower(name), strings.ToValidUTF8(v, "\uFFFD"))
		}
	}
	return out
}
