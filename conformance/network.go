package conformance

import (
	"bytes"
	"cmp"
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

// network is the world outside the gateway: it answers what the step at hand
// announces, and the provider's standing documents.
type network struct {
	play *play

	mu      sync.Mutex
	fetches []*announced
	made    []string // "METHOD URL" without query
	reached bool     // the application has answered
	first   chan struct{}
	scope   *scope
}

// announced is a fetch of the step at hand.
type announced struct {
	*fetch
	least, most, used int
	cancelled         chan struct{} // closed when a hanging one was given up
}

// open begins a step.
func (n *network) open(st *step, s *scope) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fetches, n.made, n.reached, n.first, n.scope = nil, nil, false, make(chan struct{}), s
	for _, f := range st.fetches {
		if !f.only.match(n.play.conditions) {
			continue
		}
		a := &announced{fetch: f, least: f.least, most: f.most, cancelled: make(chan struct{})}
		if f.each {
			a.least, a.most = st.request.parallel, st.request.parallel
		}
		n.fetches = append(n.fetches, a)
	}
}

// close ends a step and reports what was announced and did not happen.
func (n *network) close() []error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var errs []error
	for _, f := range n.fetches {
		if f.used < f.least {
			errs = append(errs, fmt.Errorf("announced outbound request did not happen: %s (%d of %d)", f.first, f.used, f.least))
		}
	}
	n.scope = nil
	return errs
}

// RoundTrip implements [http.RoundTripper].
func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	url := req.URL.String()
	n.play.transcript.fetch(req.Method, url, req.Header, string(body))
	a, s, err := n.take(req, url, string(body))
	if err != nil {
		n.play.fail("%v", err)
		return nil, err
	}
	if a == nil {
		return n.standing(s, req, url)
	}
	res, err := a.answer.respond(s, req, a)
	if errors.Is(err, errCase) {
		n.play.fail("%v", err)
	}
	n.play.transcript.answer(&a.answer, res, err)
	return res, err
}

// take finds the announced request that this one is; nil stands for a document of
// the provider.
func (n *network) take(req *http.Request, url, body string) (*announced, *scope, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	bare, _, _ := strings.Cut(url, "?")
	n.made = append(n.made, req.Method+" "+bare)
	if n.scope == nil {
		return nil, nil, fmt.Errorf("outbound request after the answer: %s %s", req.Method, url)
	}
	s := n.scope
	if len(n.made) == 1 {
		close(n.first)
	}
	upstream := strings.HasPrefix(url, n.play.config["PROXY_TARGET"])
	n.witness(req, url, body, upstream)
	var mismatch error
	for _, f := range n.fetches {
		if f.used >= f.most || !f.concerns(s, req.Method, url) {
			continue
		}
		trial := s.fork()
		if err := f.check(trial, url, req.Header, body); err != nil {
			mismatch = fmt.Errorf("outbound request %s: %w", f.first, err)
			continue
		}
		_ = f.check(s, url, req.Header, body)
		f.used++
		n.reached = n.reached || upstream && f.answer.fault != "fail" && f.answer.fault != "hang"
		return f, s, nil
	}
	if mismatch != nil {
		return nil, nil, mismatch
	}
	if n.play.provider.standing && req.Method == http.MethodGet {
		path := strings.TrimPrefix(url, n.play.config["AUTH_SERVER_URL"])
		if path == "/.well-known/openid-configuration" || path == "/jwks" {
			return nil, s, nil
		}
	}
	return nil, nil, fmt.Errorf("unannounced outbound request: %s %s", req.Method, url)
}

// witness learns the secrets that an outbound request may carry and keeps what may
// carry none: its URL, and to the application its header.
func (n *network) witness(req *http.Request, url, body string, upstream bool) {
	secrets := n.play.secrets
	secrets.see("url", "the URL of an outbound request", url)
	if upstream {
		secrets.seeHeader("application", "the application's request:", req.Header)
	} else if strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		secrets.learnForm(body)
	}
}

func (n *network) standing(s *scope, req *http.Request, url string) (*http.Response, error) {
	p := &n.play.provider
	if p.down {
		return nil, errors.New("network: injected fault")
	}
	body, _, err := p.document(s, strings.TrimPrefix(url, n.play.config["AUTH_SERVER_URL"]))
	if err != nil {
		n.play.fail("%v", err)
		return nil, err
	}
	return reply(req, 200, http.Header{"Content-Type": {"application/json"}}, body), nil
}

func reply(req *http.Request, status int, h http.Header, body string) *http.Response {
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: req,
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}

// errCase: the case is at fault, not the gateway.
var errCase = errors.New("answer of the case")

// expand fills in the answer's placeholders.
func (a *answer) expand(s *scope) (http.Header, string, error) {
	c := *s
	c.idToken = func() (string, error) { return cmp.Or(a.idToken, standardIDToken).make(s) }
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
func (a *answer) respond(s *scope, req *http.Request, f *announced) (*http.Response, error) {
	switch a.fault {
	case "fail":
		return nil, errors.New("network: injected fault")
	case "hang":
		select {
		case <-req.Context().Done():
			close(f.cancelled)
			return nil, req.Context().Err()
		case <-time.After(2 * stepDeadline):
			return nil, errors.New("network: nobody gave up waiting")
		}
	}
	header, body, err := a.expand(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCase, err)
	}
	if header.Get("Content-Type") == "" && strings.HasPrefix(body, "{") {
		header.Set("Content-Type", "application/json")
	}
	s.secrets.learnTokens(body)
	if a.fault == "big" {
		body += strings.Repeat(" ", a.size)
	}
	res := reply(req, a.status, header, body)
	if req.Method == http.MethodHead {
		res.Body = http.NoBody
	}
	switch a.fault {
	case "drip":
		header.Del("Content-Length")
		res.ContentLength = -1
		res.Body = &drip{ctx: req.Context(), rest: bytes.NewReader([]byte(body)), done: make(chan struct{})}
	case "abort":
		if body == "" {
			header.Set("Content-Length", "1000")
			res.ContentLength = 1000
		}
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:len(body)/2]), broken{}))
	}
	return res, nil
}

// drip is a body that comes byte by byte and never ends.
type drip struct {
	ctx  context.Context
	rest io.Reader
	once sync.Once
	done chan struct{}
}

func (d *drip) Read(p []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-d.done:
		return 0, errors.New("network: body closed")
	case <-time.After(20 * time.Millisecond):
	}
	if n, _ := d.rest.Read(p[:min(1, len(p))]); n > 0 {
		return n, nil
	}
	p[0] = ' '
	return 1, nil
}

func (d *drip) Close() error {
	d.once.Do(func() { close(d.done) })
	return nil
}

// broken is where a connection breaks.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// firstFetch is closed when the step's first outbound request goes out.
func (n *network) firstFetch() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.first
}

// gatewayMade reports whether the step's answer cannot be the application's.
func (n *network) gatewayMade() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.reached
}

// hanging returns the requests that got no answer.
func (n *network) hanging() []*announced {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []*announced
	for _, f := range n.fetches {
		if f.used > 0 && f.answer.fault == "hang" {
			out = append(out, f)
		}
	}
	return out
}

// requests returns the step's outbound requests.
func (n *network) requests() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.made
}
