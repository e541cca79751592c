package conformance

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// errCase: the case is at fault, not the gateway.
var errCase = errors.New("answer of the case")

// expand fills in the answer's placeholders.
func (a *answer) expand(s *scope) (http.Header, string, error) {
	c := *s
	c.idToken = func() (string, error) { return cmp.Or(a.idToken, standardIDToken).makeIDToken(s) }
	body, err := c.expand(a.body)
	if err != nil {
		return nil, "", err
	}
	header := http.Header{}
	for _, l := range a.header {
		v, err := c.expand(l.value)
		if err != nil {
			return nil, "", err
		}
		header[http.CanonicalHeaderKey(l.name)] = append(header[http.CanonicalHeaderKey(l.name)], v)
	}
	return header, body, nil
}

// respond makes the answer to req.
func (n *network) respond(a *answer, s *scope, req *http.Request, f *announced) (*http.Response, error) {
	switch a.fault {
	case "fail":
		return nil, errors.New("network: injected fault")
	case "hang":
		err := pause(n.until(req.Context()), -1)
		if req.Context().Err() != nil {
			f.giveUp()
		}
		return nil, err
	}
	header, body, err := a.expand(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCase, err)
	}
	if header.Get("Content-Type") == "" && strings.HasPrefix(body, "{") {
		header.Set("Content-Type", "application/json")
	}
	s.secrets.learnTokens(body)
	switch a.fault {
	case "big":
		body += strings.Repeat(" ", a.size)
	case "bomb":
		header.Set("Content-Encoding", "gzip")
		body = compressed(body + strings.Repeat(" ", a.size))
	}
	res := reply(req, a.status, header, body)
	if req.Method == http.MethodHead {
		res.Body = http.NoBody
	}
	if a.status == http.StatusSwitchingProtocols {
		header.Del("Content-Length")
		res.Body = newEcho()
	}
	if a.stream {
		header.Del("Content-Length")
		res.ContentLength, res.Body = -1, newStream(body, n.progress(false), func() {
			n.play.fail("the client has not received what the application sent: the answer is held back")
		})
	}
	switch a.fault {
	case "drip":
		header.Del("Content-Length")
		res.ContentLength = -1
		res.Body = &drip{ctx: req.Context(), rest: strings.NewReader(body), done: make(chan struct{}), end: f.giveUp}
	case "abort":
		if body == "" {
			header.Set("Content-Length", "1000")
			res.ContentLength = 1000
		}
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:len(body)/2]), broken{}))
	}
	return res, nil
}

// compressed is s in gzip (RFC 1952).
func compressed(s string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// until returns a context that also ends when the run is over.
func (n *network) until(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-n.over:
		case <-ctx.Done():
		}
	}()
	return ctx
}

// drip is a body that comes byte by byte and never ends.
type drip struct {
	ctx  context.Context
	rest io.Reader
	once sync.Once
	done chan struct{}
	end  func()
}

func (d *drip) Read(p []byte) (int, error) {
	if err := pause(d.ctx, 20*time.Millisecond); err != nil {
		d.end()
		return 0, err
	}
	select {
	case <-d.done:
		return 0, errors.New("network: body closed")
	default:
	}
	if n, _ := d.rest.Read(p[:min(1, len(p))]); n > 0 {
		return n, nil
	}
	p[0] = ' '
	return 1, nil
}

func (d *drip) Close() error {
	d.end()
	d.once.Do(func() { close(d.done) })
	return nil
}

// broken is where a connection breaks.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// pipe is an upgraded connection to an application that echoes.
type pipe struct {
	*io.PipeReader
	w *io.PipeWriter
}

func newEcho() *pipe {
	r, w := io.Pipe()
	return &pipe{r, w}
}

func (p *pipe) Write(b []byte) (int, error) { return p.w.Write(b) }

func (p *pipe) Close() error {
	p.w.Close()
	return p.PipeReader.Close()
}

// reply makes a response. A Content-Length in h stands, as an answer to HEAD needs it.
func reply(req *http.Request, status int, h http.Header, body string) *http.Response {
	length := int64(len(body))
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil {
		length = n
	} else if status != http.StatusNoContent && status != http.StatusNotModified {
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: req,
		ContentLength: length, Body: io.NopCloser(strings.NewReader(body)),
	}
}
