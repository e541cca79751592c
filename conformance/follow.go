package conformance

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
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
