package broker

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"gatehouse/core/broker/provider"
	"gatehouse/core/exchange"
	"gatehouse/core/pkce"
)

// started is the answer to a program that starts a login.
type started struct {
	AuthURL                 string `json:"auth_url"`
	ExpiresIn               int    `json:"expires_in"`
	Interval                int    `json:"interval,omitempty"`
	PollToken               string `json:"poll_token,omitempty"`
	UserCode                string `json:"user_code,omitempty"`
	VerificationURI         string `json:"verification_uri,omitempty"`
	VerificationURIComplete string `json:"verification_uri_complete,omitempty"`
}

// maxClientState bounds a program's own state in bytes.
const maxClientState = 256

// start is POST /auth/start.
func (b *Broker) start(x *exchange.Exchange) {
	b.startWith(x, func() (parameters, error) { return form(x.R) })
}

// startPaste is GET /auth/url: flow paste.
func (b *Broker) startPaste(x *exchange.Exchange) {
	b.startWith(x, func() (parameters, error) {
		p, err := query(x.R)
		if err == nil {
			p["flow"] = flowPaste
		}
		return p, err
	})
}

func (b *Broker) startWith(x *exchange.Exchange, read func() (parameters, error)) {
	app, ok := b.app(x)
	if !ok {
		return
	}
	p, err := read()
	var answer started
	t := transaction{App: app}
	if err == nil {
		t, err = b.parse(p, app)
	}
	if err == nil {
		answer, err = b.begun(x.Context, t)
	}
	b.note(x, opStart, t.Provider, t.Flow, err)
	if err != nil {
		b.fail(x, err)
		return
	}
	x.WriteJSON(http.StatusOK, answer)
}

// parse checks what a program asks for.
func (b *Broker) parse(p parameters, app string) (transaction, error) {
	t := transaction{ID: drawText(), App: app, Provider: p["provider"], Flow: p["flow"], Expires: b.Now().Add(timeout).Unix()}
	if t.Provider == "" {
		if len(b.providers)+len(b.Missing) != 1 {
			return t, missing("provider")
		}
		t.Provider = b.only()
	}
	to, err := b.provider(t.Provider)
	if err != nil {
		return t, err
	}
	if _, err = p.need("flow"); err != nil {
		return t, err
	}
	switch {
	case t.Flow == flowLoopback, t.Flow == flowBrowser:
		if t.Redirect, err = p.need("redirect_uri"); err != nil {
			return t, err
		}
		if !b.checkRedirect(t.Flow, t.Redirect) {
			return t, invalidRedirect
		}
	case t.Flow == flowPoll, t.Flow == flowPaste, t.Flow == flowDesktop && to.Desktop():
		if p["redirect_uri"] != "" {
			return t, invalidRequest.With(errors.New("this flow has no redirect_uri"))
		}
	default:
		return t, invalidRequest.With(errors.New("no such flow"))
	}
	if t.Challenge, err = b.challenge(p, t.Flow); err != nil {
		return t, err
	}
	if t.State = p["state"]; len(t.State) > maxClientState {
		return t, invalidRequest.With(errors.New("state is too long"))
	}
	t.Scopes, err = to.CheckScopes(p["scope"])
	t.Callback = b.callbackURI(t.Provider)
	return t, err
}

// only is the name of the one provider.
func (b *Broker) only() string {
	for name := range b.providers {
		return name
	}
	for name := range b.Missing {
		return name
	}
	return ""
}

// challenge is what binds the login to the program.
func (b *Broker) challenge(p parameters, flow string) (string, error) {
	if p["code_challenge"] == "" {
		if b.Compatibility && flow == flowPaste && p["code_challenge_method"] == "" {
			return "", nil
		}
		return "", missing("code_challenge")
	}
	method := p["code_challenge_method"]
	if method == "" {
		// RFC 7636, section 4.3, would mean "plain", which does not exist here.
		return "", missing("code_challenge_method")
	}
	c, err := pkce.ParseChallenge(p["code_challenge"], method)
	if err != nil {
		return "", invalidRequest.With(err)
	}
	return c, nil
}

// begun makes the answer. Only a poll stores something, under its user code.
func (b *Broker) begun(ctx context.Context, t transaction) (started, error) {
	answer := started{ExpiresIn: int(timeout.Seconds())}
	to := b.providers[t.Provider]
	var err error
	if t.Flow == flowPaste {
		answer.AuthURL, err = b.pasteAddress(ctx, to, t)
		return answer, err
	}
	if t.Flow == flowPoll || t.Flow == flowDesktop {
		if t.Flow == flowDesktop {
			if t.Token, err = to.RequestToken(ctx); err != nil {
				return started{}, err
			}
		}
		t.UserCode = drawUserCode()
		if answer.PollToken, err = b.seal(asPoll, t); err != nil {
			return started{}, err
		}
		answer.Interval = int(pollInterval.Seconds())
		answer.UserCode = t.UserCode
		answer.VerificationURI = b.address("/auth/device")
		answer.VerificationURIComplete = answer.VerificationURI + "?user_code=" + t.UserCode
	}
	text, err := b.seal(asStart, t)
	if err != nil {
		return started{}, err
	}
	answer.AuthURL = b.address("/auth/begin?t=" + url.QueryEscape(text))
	if t.UserCode != "" {
		err = b.Collections.Put(ctx, userCodeID(t.UserCode), []byte(text), t.expiry())
	}
	return answer, err
}

// pasteAddress is the provider's address of a login whose person copies a code. There is
// no cookie: the state is the transaction itself, and what it leads to is shown to who
// came back with it, and needs the program's verifier.
func (b *Broker) pasteAddress(ctx context.Context, to *provider.Provider, t transaction) (string, error) {
	verifier := pkce.NewVerifier()
	t.Verifier, t.Nonce = verifier.Reveal(), drawText()
	state, err := b.seal(asState, t)
	if err != nil {
		return "", err
	}
	return to.AuthorizationURL(ctx, provider.Authorization{
		State: state, RedirectURI: t.Callback, Challenge: verifier.Challenge(), Nonce: t.Nonce, Scopes: t.Scopes,
	})
}

// listed is a provider as programs see it.
type listed struct {
	Name          string   `json:"name"`
	Title         string   `json:"title"`
	Flows         []string `json:"flows"`
	Scopes        []string `json:"scopes"`
	AllowedScopes []string `json:"allowed_scopes"`
}

// list is GET /auth/providers.
func (b *Broker) list(x *exchange.Exchange) {
	all := make([]listed, 0, len(b.Providers))
	for _, p := range b.Providers {
		flows := []string{flowLoopback, flowPoll, flowPaste}
		if len(b.Redirects) > 0 {
			flows = append(flows, flowBrowser)
		}
		if p.Desktop() {
			flows = append(flows, flowDesktop)
		}
		standard, allowed := p.Scopes()
		all = append(all, listed{p.Name(), p.Title(), flows, slices.Concat([]string{}, standard), slices.Concat([]string{}, allowed)})
	}
	x.WriteJSON(http.StatusOK, struct {
		Providers []listed `json:"providers"`
	}{all})
}
