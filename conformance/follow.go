package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// follow has reference do what the gateway did in a case, until it decides otherwise.
// Nothing is expected of it. An error says that the case cannot be played that far.
func (s *suite) follow(t testing.TB, c *Case, reference Reference, gateway []Verdict) ([]Verdict, error) {
	p, err := newPlay(t, c, reference, "strong", s.configs[c.Config])
	if err != nil {
		return nil, err
	}
	provider := &obliging{play: p}
	p.start = func() Instance {
		w := p.world()
		w.Network = provider
		return reference.Start(t, w)
	}
	p.instance = p.start()
	defer func() {
		close(p.network.over)
		p.instance.Close()
	}()
	var verdicts []Verdict
	for _, st := range p.c.Steps {
		if !st.only.match(p.conditions) {
			continue
		}
		if len(gateway) == 0 {
			break
		}
		if err := p.prepare(&st.request); err != nil {
			return nil, err
		}
		if gateway[0].step != st {
			continue
		}
		v, expected := gateway[0], gateway[0].Accepted
		gateway = gateway[1:]
		if err := p.ask(st, provider, &v); err != nil {
			return verdicts, fmt.Errorf("%s: %w", v.Step, err)
		}
		if v.Deed == Begin && v.Accepted && !expected {
			if err := p.carryOn(st, provider, &v); err != nil {
				return verdicts, fmt.Errorf("%s: %w", v.Step, err)
			}
		}
		verdicts = append(verdicts, v)
		if v.Accepted != expected {
			break
		}
	}
	return verdicts, nil
}

// carryOn completes a login that the gateway did not let begin: a reference may look
// later at what is wrong. The verdict is then that of the end.
func (p *play) carryOn(st *step, provider *obliging, v *Verdict) error {
	end := &step{number: st.number, flow: st.flow}
	if err := end.request.parse("@navigate cross-site\nGET /login/callback?code={new carried_on}&state={" + begunState + "}"); err != nil {
		return err
	}
	end.request.browser = st.request.browser
	v.Deed = Complete
	return p.ask(end, provider, v)
}

// begunState is the binding of the state of the login that began last.
const begunState = "begun.state"

// ask sends the request of a step to a reference and completes its verdict. What the
// case would learn of the answer is bound.
func (p *play) ask(st *step, provider *obliging, v *Verdict) error {
	s := *p.scope
	s.jar = p.browser(st.request.browser)
	p.network.open(st, &s)
	provider.open(st, &s)
	ctx, cancel := context.WithTimeout(context.Background(), stepDeadline)
	defer cancel()
	req, err := st.request.build(ctx, &s)
	if err != nil {
		return err
	}
	req.Header.Set(DeedHeader, string(v.Deed))
	provider.completes(req.URL.Query().Get("state"))
	res, err := p.instance.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	if err != nil {
		return err
	}
	o := outcome{status: res.StatusCode, header: res.Header, body: string(body)}
	v.Accepted, v.Own, v.Why = v.Deed.accepted(o), res.Header.Get(DecidedHeader) != "", strings.TrimSpace(o.body)
	if v.Accepted {
		v.Why = ""
	}
	if err := s.jar.update(o.header); err != nil {
		return err
	}
	st.learn(&s, p.conditions, &o)
	if location, err := url.Parse(o.header.Get("Location")); err == nil && v.Deed == Begin {
		state := location.Query().Get("state")
		s.bind(begunState, state)
		provider.begins(state, location.Query().Get("nonce"))
	}
	return nil
}

// learn binds what the responses that the case expects would, where the answer has it.
func (st *step) learn(s *scope, conditions []string, o *outcome) {
	for _, r := range st.responses {
		if !r.only.match(conditions) {
			continue
		}
		for _, pattern := range r.header {
			if one := []headerPattern{pattern}; matchHeader(s.fork(), one, o.header) == nil {
				_ = matchHeader(s, one, o.header)
			}
		}
	}
	location, err := url.Parse(o.header.Get("Location"))
	if err != nil {
		return
	}
	for name, parameter := range map[string]string{"state": "state", "nonce": "nonce", "challenge": "code_challenge"} {
		if value := location.Query().Get(parameter); value != "" {
			if _, bound := s.lookup(name); !bound {
				s.bind(name, value)
			}
		}
	}
}

// obliging is the network of a case to whoever does not do what the case expects: every
// request is answered as the first that the step, or one before, announces and that is
// for the same thing; one that is asked again gets the last answer again. A request that
// is not announced because the gateway does not get that far is answered as a provider
// does with which nothing is wrong.
type obliging struct {
	play *play

	mu     sync.Mutex
	scope  *scope
	now    []*announced      // of the step
	before []*announced      // of the steps before it
	nonces map[string]string // by state
	nonce  string            // of the login that is being completed
}

// begins notes a login that was sent to the provider.
func (o *obliging) begins(state, nonce string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nonces == nil {
		o.nonces = map[string]string{}
	}
	o.nonces[state], o.nonces[""] = nonce, nonce
}

// completes notes whose code is going to be redeemed: that of the last login when the
// browser brings another state.
func (o *obliging) completes(state string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	nonce, known := o.nonces[state]
	if !known {
		nonce = o.nonces[""]
	}
	o.nonce = nonce
}

func (o *obliging) open(st *step, s *scope) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.scope, o.before, o.now = s, append(o.before, o.now...), nil
	for _, f := range st.fetches {
		if f.only.match(o.play.conditions) {
			o.now = append(o.now, &announced{fetch: f, most: f.most, cancelled: make(chan struct{})})
		}
	}
}

// RoundTrip implements [http.RoundTripper].
func (o *obliging) RoundTrip(req *http.Request) (*http.Response, error) {
	body := ""
	if req.Body != nil {
		b, err := io.ReadAll(io.LimitReader(req.Body, maxResponse))
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	location := req.URL.String()
	a, s := o.take(req, location, body)
	if a != nil {
		return o.play.network.respond(&a.answer, s, req, a)
	}
	path := strings.TrimPrefix(location, o.play.config["AUTH_SERVER_URL"])
	if o.play.provider.standing && req.Method == http.MethodGet && (path == "/.well-known/openid-configuration" || path == "/jwks") {
		return o.play.network.standing(s, req, location)
	}
	if good := goodAnswer(req); good != nil && !o.play.provider.down {
		s = s.fork()
		s.bind("nonce", o.nonce)
		return o.play.network.respond(good, s, req, nil)
	}
	return nil, errors.New("network: nothing is there")
}

// goodAnswer is what a provider with which nothing is wrong says to a request for a token,
// for keys or for userinfo, wherever its endpoints are; nil for other requests.
func goodAnswer(req *http.Request) *answer {
	switch {
	case req.Method == http.MethodPost:
		return &goodTokens
	case req.Method != http.MethodGet || strings.Contains(req.URL.Path, "/.well-known/"):
		return nil
	case strings.Contains(req.Header.Get("Accept"), "jwk-set"):
		keys, _ := parseText(`{"keys":[` + string(publicJWK("k1", nil)) + `]}`)
		return &answer{status: http.StatusOK, body: keys}
	}
	return &goodUserinfo
}

var (
	goodTokens   = mustAnswer(`{"access_token":"{new access_token_unasked}","token_type":"Bearer","expires_in":300,"id_token":"{idtoken}"}`)
	goodUserinfo = mustAnswer(`{"sub":"alice","email":"alice@example.com"}`)
)

func mustAnswer(body string) answer {
	t, err := parseText(body)
	if err != nil {
		panic(err)
	}
	return answer{status: http.StatusOK, body: t}
}

// take finds the request's answer and binds what the case would learn of the request.
func (o *obliging) take(req *http.Request, location, body string) (*announced, *scope) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found *announced
	for _, a := range o.now {
		if a.concerns(o.scope, req.Method, location) {
			if found = a; a.used < a.most {
				break
			}
		}
	}
	if standing := o.play.provider.standing; found == nil && !standing {
		for _, a := range o.before {
			if a.concerns(o.scope, req.Method, location) {
				found = a
			}
		}
	}
	if found != nil {
		found.used++
		if found.check(o.scope.fork(), location, req.Header, body) == nil {
			_ = found.check(o.scope, location, req.Header, body)
		}
	}
	return found, o.scope
}
