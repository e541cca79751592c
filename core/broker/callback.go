package broker

import (
	"encoding/json"
	"time"

	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/exchange"
	"gatehouse/core/page"
	"gatehouse/core/problem"
)

// callback is GET /auth/callback and /auth/callback/{provider}: the person's browser
// comes back from the provider (RFC 6749, section 4.1.2).
func (b *Broker) callback(x *exchange.Exchange) {
	p, err := query(x.R)
	if err != nil {
		b.fail(x, err)
		return
	}
	n, ok := b.expected(x, p["state"])
	_, name, _ := b.find(x.Path)
	t := n.Transaction
	if !ok || name != "" && name != t.Provider || !b.still(t) {
		// Whatever the answer brings, nobody here asked for it: the provider is not.
		b.Refuse(x, loginExpired)
		return
	}
	if t.Flow != flowPaste {
		b.release(x, n.State)
	}
	record, err := b.redeem(x, n)
	b.note(x, opCallback, t.Provider, t.Flow, err)
	if err != nil {
		record = collection{Error: answerCode(err), Challenge: t.Challenge}
		x.Err = err
	}
	switch t.Flow {
	case flowLoopback, flowBrowser:
		b.sendBack(x, t, record, err)
	case flowPoll:
		b.leave(x, t, record, err)
	default:
		b.hand(x, t, record, err)
	}
}

// expected returns the login that state belongs to: by the browser's cookie or, in flow
// paste, by the state itself.
func (b *Broker) expected(x *exchange.Exchange, state string) (binding, bool) {
	if n, ok := b.bound(x, state); ok {
		return n, true
	}
	t, ok := b.open(asState, state)
	return binding{State: state, Verifier: t.Verifier, Nonce: t.Nonce, Transaction: t}, ok && t.Flow == flowPaste && b.live(t)
}

// collection is what came of a login, until the program collects it.
type collection struct {
	Handle    string          `json:"h,omitempty"`
	Provider  string          `json:"p"`
	App       string          `json:"a,omitempty"`
	Challenge string          `json:"c,omitempty"`
	Name      string          `json:"n,omitempty"`
	Scopes    []string        `json:"o,omitempty"`
	Session   json.RawMessage `json:"s,omitempty"` // the provider's own, without its key
	Key       string          `json:"k,omitempty"` // the provider's own token, with HandOver
	Expiry    int64           `json:"e,omitempty"` // of Key
	Error     string          `json:"x,omitempty"` // instead of everything else
}

// redeem exchanges what the browser brought for a grant, and keeps that.
func (b *Broker) redeem(x *exchange.Exchange, n binding) (collection, error) {
	t := n.Transaction
	g, err := b.providers[t.Provider].Redeem(x.Context, provider.Answer{
		Query: x.R.URL.Query(), RedirectURI: t.Callback, Verifier: n.Verifier, Nonce: n.Nonce, Scopes: t.Scopes,
	})
	if err != nil {
		return collection{}, err
	}
	return b.keep(x, t, g)
}

// keep stores a grant and returns what its program may collect.
func (b *Broker) keep(x *exchange.Exchange, t transaction, g *provider.Grant) (collection, error) {
	from := b.providers[t.Provider]
	name := g.Name
	if name == "" {
		var err error
		if name, err = from.Profile(x.Context, g); err != nil {
			b.Log.WarnContext(x.Context, "name not known", "request_id", x.ID, "provider", t.Provider, "error", err)
		}
		named := *g
		named.Name = name
		g = &named
	}
	handle, _, err := b.Grants.Create(x.Context, grant.About{Provider: t.Provider, App: t.App}, g)
	if err != nil {
		return collection{}, err
	}
	c := collection{Handle: handle, Provider: t.Provider, App: t.App, Challenge: t.Challenge, Name: name, Scopes: g.Scopes, Session: g.Session}
	if from.HandOver() {
		c.Key = g.Access.Reveal()
		if !g.Expiry.IsZero() {
			c.Expiry = g.Expiry.Unix()
		}
	}
	return c, nil
}

// put stores c under id for the program; when it cannot, the grant ends.
func (b *Broker) put(x *exchange.Exchange, id string, c collection, expiry time.Time) error {
	raw, err := json.Marshal(c)
	if err == nil {
		err = b.Collections.Put(x.Context, id, raw, expiry)
	}
	if err != nil && c.Handle != "" {
		b.end(x, c.Handle)
	}
	return err
}

// sendBack ends flows loopback and browser: the program gets a code in its redirect
// (RFC 6749, section 4.1.2; RFC 9207).
func (b *Broker) sendBack(x *exchange.Exchange, t transaction, c collection, err error) {
	code := ""
	if err == nil {
		id := drawLetters(collectionLength)
		if err = b.put(x, id, c, b.Now().Add(timeout)); err != nil {
			x.Err = err
			c.Error = answerCode(err)
		} else {
			code = b.sealCode(id)
		}
	}
	x.Redirect(withQuery(t.Redirect, "code", code, "error", c.Error, "state", t.State, "iss", b.address("")))
}

// leave ends flow poll: the program finds the result under the transaction's id.
func (b *Broker) leave(x *exchange.Exchange, t transaction, c collection, err error) {
	if put := b.put(x, t.ID, c, t.expiry()); put != nil && err == nil {
		b.failed(x, t, put)
		return
	}
	// The user code has done its work; where this fails, it expires.
	_ = b.Collections.Burn(x.Context, userCodeID(t.UserCode), t.expiry())
	if err != nil {
		b.failed(x, t, err)
		return
	}
	b.show(x, page.Page{Title: "You are connected", Text: "The program goes on by itself. You may close this window."})
}

// hand ends flow paste: the person carries the code.
func (b *Broker) hand(x *exchange.Exchange, t transaction, c collection, err error) {
	code := drawLetters(collectionLength)
	if err == nil {
		err = b.put(x, code, c, b.Now().Add(timeout))
	}
	if err != nil {
		b.failed(x, t, err)
		return
	}
	b.show(x, page.Page{
		Title: "One step is left",
		Text:  "Copy this code into the program that sent you here, and into nothing else. It works once, for ten minutes.",
		Code:  group(code, 5),
	})
}

// failed tells the person what went wrong.
func (b *Broker) failed(x *exchange.Exchange, t transaction, err error) {
	p := *problemOf(err)
	title := b.providers[t.Provider].Title()
	switch p.Code {
	case accessDenied.Code:
		p.Title, p.Detail = "You were not connected", title+" was not allowed to let the program in. You may close this window."
	case alreadyCollected.Code:
		p.Title, p.Detail = "This login is over", "The program has given it up. Start again there."
	case problem.Internal.Code:
	default:
		p.Title, p.Detail = "You could not be connected", "Something went wrong between "+title+" and this service. Start again in the program."
	}
	b.Refuse(x, &p)
}

// answerCode is the error that a redirect carries (RFC 6749, section 4.1.2.1).
func answerCode(err error) string {
	switch code := problemOf(err).Code; code {
	case accessDenied.Code, invalidScope.Code:
		return code
	case unavailable.Code, busy.Code, storeUnavailable.Code:
		return "temporarily_unavailable"
	}
	return "server_error"
}

// end ends the grant of a handle here and at its provider, as far as that is possible.
// The error is one of package grant.
func (b *Broker) end(x *exchange.Exchange, handle string) (*grant.Entry, error) {
	entry, err := b.Grants.End(x.Context, handle)
	if err != nil {
		return nil, err
	}
	if p := b.providers[entry.Provider]; p != nil {
		if err := p.Revoke(x.Context, entry.Grant); err != nil {
			b.Log.WarnContext(x.Context, "not revoked at the provider", "request_id", x.ID, "provider", entry.Provider, "error", err)
		}
	}
	return entry, nil
}
