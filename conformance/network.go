package conformance

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
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
	// down counts the bytes that the client has of the step's answer, up those that
	// the world has of its requests.
	down, up *progress
	// over is closed when the run is.
	over chan struct{}
}

// announced is a fetch of the step at hand.
type announced struct {
	*fetch
	least, most, used int
	cancelled         chan struct{} // closed when a hanging one was given up
	once              sync.Once
}

func (a *announced) giveUp() { a.once.Do(func() { close(a.cancelled) }) }

// open begins a step.
func (n *network) open(st *step, s *scope) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fetches, n.made, n.reached, n.scope = nil, nil, false, s
	n.first, n.down, n.up = make(chan struct{}), newProgress(), newProgress()
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
		if body, err = io.ReadAll(&counted{req.Body, n.progress(true)}); err != nil {
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
	res, err := n.respond(&a.answer, s, req, a)
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
	target := n.play.config["PROXY_TARGET"]
	upstream := target != "" && strings.HasPrefix(url, target)
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
		if path == "/.well-known/openid-configuration" || path == n.play.provider.keysPath(s) {
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
	if p.late {
		if err := pause(req.Context(), lateness); err != nil {
			return nil, err
		}
	}
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

// hanging returns the requests whose answer never ends.
func (n *network) hanging() []*announced {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []*announced
	for _, f := range n.fetches {
		if f.used > 0 && (f.answer.fault == "hang" || f.answer.fault == "drip") {
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

// progress returns the step's count of bytes upwards or downwards.
func (n *network) progress(upwards bool) *progress {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.scope == nil {
		return newProgress()
	}
	if upwards {
		return n.up
	}
	return n.down
}
