package conformance

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

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
