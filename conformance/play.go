package conformance

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// play is one run of a case on a target with a profile.
type play struct {
	c          *Case
	conditions []string // the profile, fresh or kept, and how limits count
	config     map[string]string
	secrets    *canary
	provider   provider
	clock      *clock
	store      *store
	recorder   *recorder
	network    *network
	scope      *scope
	jars       map[string]*jar
	log        *logBuffer
	transcript *transcript
	// start makes a running gateway out of the configuration; instance is one.
	start    func() Instance
	instance Instance

	// account is of the answers so far, with names for origins.
	account strings.Builder
	names   *strings.Replacer
	// stores says that a step of the case's own has used the store.
	stores bool
	// witness, if not nil, is told of every step that was played, with the answers and
	// the log.
	witness func(st *step, outcomes []outcome, log string)

	mu       sync.Mutex
	failures []string
}

// name is the step's in reports.
func (st *step) name() string {
	if st.flow != "" {
		return fmt.Sprintf("flow %s, step %d", st.flow, st.number)
	}
	return fmt.Sprintf("step %d", st.number)
}

// fail records a failure; it does not stop the run.
func (p *play) fail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := fmt.Sprintf(format, args...); !slices.Contains(p.failures, s) {
		p.failures = append(p.failures, s)
	}
}

func (p *play) failed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.failures) > 0
}

// lifetime is fresh for a target whose instances keep nothing between requests, or kept.
func lifetime(target Target) string {
	if f, ok := target.(Forgetter); ok && f.Forgets() {
		return "fresh"
	}
	return "kept"
}

// circumstances are the words by which cases ask what holds where they are played.
func circumstances(target Target, profile string) []string {
	kept, limits := lifetime(target), exactly
	if kept == "fresh" {
		limits = notAtAll
	}
	if l, ok := target.(Limiting); ok {
		limits = l.Limits()
	}
	words := []string{profile, kept, limits}
	if c, ok := target.(Conditional); ok && c.Conditional() && profile == "strong" {
		words = append(words, onCondition)
	}
	return words
}

// newPlay prepares the world; shared maps a shared configuration's name to its
// settings.
func newPlay(t testing.TB, c *Case, target Target, profile string, shared []setting) (*play, error) {
	p := &play{
		c: c, conditions: circumstances(target, profile), config: map[string]string{},
		secrets:  &canary{reveal: c.Reveal, secrets: map[string]watched{}},
		provider: c.Provider, clock: newClock(target), jars: map[string]*jar{},
		log: &logBuffer{}, transcript: &transcript{},
	}
	p.store = newStore(p.clock.Now)
	p.recorder = &recorder{violation: p.fail, secrets: p.secrets, beneath: p.store, counts: map[string]int{}}
	p.recorder.use(profiles[profile](p.store, p.clock.advance))
	p.network = &network{play: p, over: make(chan struct{})}
	p.scope = &scope{now: p.clock.Now, config: p.config, secrets: p.secrets, bindings: &bindings{values: map[string]string{}}}
	issuer, upstream := "https://issuer.example", "http://upstream.internal"
	if a, ok := target.(Addresser); ok {
		i, u := a.Addresses(t, p.network)
		issuer, upstream = cmp.Or(i, issuer), cmp.Or(u, upstream)
	}
	p.names = named(issuer, upstream)
	app := "https://app.example.com"
	for name, v := range map[string]string{"app": app, "issuer": issuer, "upstream": upstream} {
		p.scope.bind(name, v)
	}
	p.scope.bind("app.host", strings.TrimPrefix(app, "https://"))
	for _, set := range append(slices.Clone(shared), c.Set...) {
		v, err := p.scope.expand(set.value)
		if err != nil {
			return nil, fmt.Errorf("setting %s: %w", set.name, err)
		}
		if p.config[set.name] = v; v == "" {
			delete(p.config, set.name)
		}
	}
	for _, r := range c.KV {
		key, err := p.scope.expand(r.key)
		if err != nil {
			return nil, err
		}
		value, err := p.scope.expand(r.value)
		if err != nil {
			return nil, err
		}
		p.store.write(key, []byte(value), p.clock.Now().Add(time.Duration(r.ttl)*time.Second))
	}
	return p, nil
}

// world is what the target is started with.
func (p *play) world() World {
	return World{
		Config: p.config, KV: p.recorder.store(), Network: p.network, Now: p.clock.Now, Elapse: p.clock.advance,
		Log: slog.New(slog.NewJSONHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// run plays the steps until one fails.
func (p *play) run() {
	for _, st := range p.c.Steps {
		if !st.only.match(p.conditions) {
			continue
		}
		name := st.name()
		p.transcript.printf("--- %s\n", name)
		if err := p.step(st); err != nil {
			p.fail("%v", err)
		}
		for _, err := range p.secrets.check() {
			p.fail("%v", err)
		}
		if p.failed() {
			p.mu.Lock()
			for i, f := range p.failures {
				p.failures[i] = name + ": " + f
			}
			p.mu.Unlock()
			return
		}
	}
}

func (p *play) step(st *step) error {
	r := &st.request
	if err := p.prepare(r); err != nil {
		return err
	}
	if st.accessToken != nil {
		token, err := st.accessToken.makeAccessToken(p.scope)
		if err != nil {
			return err
		}
		p.scope.bind("accesstoken", token)
		p.secrets.watch("accesstoken", token)
	}
	if st.proof != nil {
		proof, err := st.proof.makeProof(p.scope, r)
		if err != nil {
			return err
		}
		p.scope.bind("proof", proof)
		p.secrets.watch("proof", proof)
	}
	if st.logoutToken != nil {
		token, err := st.logoutToken.makeLogoutToken(p.scope)
		if err != nil {
			return err
		}
		p.scope.bind("logouttoken", token)
		p.secrets.watch("logouttoken", token)
	}
	s := *p.scope
	s.jar = p.browser(r.browser)
	scopes, err := p.apart(st, &s)
	if err != nil {
		return err
	}
	p.network.open(st, &s)
	outcomes := make([]outcome, r.parallel)
	var wg sync.WaitGroup
	for i := range outcomes {
		wg.Go(func() { outcomes[i] = p.exchange(p.instance, r, scopes[i], i == 0) })
	}
	wg.Wait()
	if settler, ok := p.instance.(Settler); ok {
		settler.Settle()
	}
	if r.parallel == 1 && r.abort == abortNever && len(r.meanwhile) == 0 && outcomes[0].err == nil {
		fmt.Fprintf(&p.account, "step %d: %s\n", st.number, account(&outcomes[0], p.names))
	}
	for i := range outcomes {
		o := &outcomes[i]
		if o.err != nil {
			p.fail("%v", o.err)
			continue
		}
		if i == 0 && !o.gone {
			p.transcript.message("<", fmt.Sprint(o.status), o.header, o.body)
		}
		p.judge(st, &s, o, i > 0)
	}
	if err := p.awaitCancellation(r); err != nil {
		p.fail("%v", err)
	}
	for _, err := range p.network.close() {
		p.fail("%v", err)
	}
	p.tally(st, &s, outcomes)
	return nil
}

// apart returns the scopes that the step's requests are made in: s for all of them, or,
// where each has an access token with a key ID of its own, forks of it.
func (p *play) apart(st *step, s *scope) ([]*scope, error) {
	scopes := make([]*scope, st.request.parallel)
	for i := range scopes {
		scopes[i] = s
		if i == 0 || st.accessToken == nil || st.accessToken.kid != kidOfEach {
			continue
		}
		token, err := st.accessToken.makeAccessToken(s)
		if err != nil {
			return nil, err
		}
		scopes[i] = s.fork()
		scopes[i].bind("accesstoken", token)
	}
	return scopes, nil
}

// prepare changes the world as the request's directives say.
func (p *play) prepare(r *request) error {
	p.clock.step()
	p.clock.advance(r.advance)
	if r.store != "" {
		p.recorder.use(profiles[r.store](p.store, p.clock.advance))
	}
	if r.damage != "" {
		damages[r.damage](p.store)
	}
	if len(r.restart) > 0 {
		if err := p.restart(r.restart); err != nil {
			return err
		}
	}
	for _, change := range r.provider {
		if err := p.provider.change(change[0], change[1:]); err != nil {
			return err
		}
	}
	return nil
}

// restart replaces the gateway by one with other settings. Whatever is not in the
// store or with the browsers is gone.
func (p *play) restart(settings []setting) error {
	p.instance.Close()
	for _, set := range settings {
		v, err := p.scope.expand(set.value)
		if err != nil {
			return fmt.Errorf("setting %s: %w", set.name, err)
		}
		if p.config[set.name] = v; v == "" {
			delete(p.config, set.name)
		}
	}
	p.instance = p.start()
	return nil
}

func (p *play) browser(name string) *jar {
	if p.jars[name] == nil {
		p.jars[name] = &jar{now: p.clock.Now}
	}
	return p.jars[name]
}

// judge compares one answer with what the case and the rules say.
func (p *play) judge(st *step, s *scope, o *outcome, further bool) {
	p.secrets.learnCookies(o.header)
	if p.config["BROKER_PROVIDERS"] != "" {
		p.secrets.learnGiven(o.header, o.body)
	}
	if p.network.gatewayMade() {
		p.secrets.seeHeader("response", "the response:", o.header)
		p.secrets.see("response", "the response's body", o.body)
		if o.status != 0 {
			for _, err := range checkRules(p.config, o.status, o.header, o.body) {
				p.fail("%v", err)
			}
		}
	}
	if err := s.jar.update(o.header); err != nil {
		p.fail("%v", err)
	}
	var want *response
	for _, r := range st.responses {
		if r.only.match(p.conditions) {
			want = r
		}
	}
	if want == nil || o.status == 0 {
		return
	}
	if further {
		s = s.fork()
	}
	if err := want.check(s, o); err != nil {
		p.fail("%v", err)
	}
}

// cancelled bounds how long a request that nobody waits for goes on, in real time: less
// than what would end it by itself.
const cancelled = 8 * time.Second

// awaitCancellation checks that hanging requests were given up after the client
// went away, or after the answer was broken off.
func (p *play) awaitCancellation(r *request) error {
	if r.abort == abortNever && len(r.meanwhile) == 0 {
		return nil
	}
	for _, f := range p.network.hanging() {
		select {
		case <-f.cancelled:
		case <-time.After(cancelled):
			return fmt.Errorf("the exchange is over, but the outbound request goes on: %s", f.first)
		}
	}
	return nil
}

// tally checks the step's count sections.
func (p *play) tally(st *step, s *scope, outcomes []outcome) {
	log := p.log.take()
	p.secrets.see("log", "the log", log)
	if log != "" {
		p.transcript.printf("    log: %s\n", strings.ReplaceAll(strings.TrimSpace(log), "\n", "\n    log: "))
	}
	if p.witness != nil {
		p.witness(st, outcomes, log)
	}
	t := tally{fetches: p.network.requests(), kv: p.recorder.take(), log: log, header: func(name string) int {
		return len(fields(outcomes[0].header, name))
	}, status: map[string]int{}}
	for i := range outcomes {
		t.status[strconv.Itoa(outcomes[i].status)]++
	}
	if n := t.kv[ofLimits]; n > 0 && !st.request.limited() {
		p.fail("%d operations of the store for a limit that the request is not subject to", n)
	}
	delete(t.kv, ofLimits)
	p.stores = p.stores || st.flow == "" && len(t.kv) > 0
	for _, n := range st.counts {
		if !n.only.match(p.conditions) {
			continue
		}
		for i := range n.lines {
			if err := n.lines[i].check(s, t); err != nil {
				p.fail("count: %v", err)
			}
		}
	}
}
