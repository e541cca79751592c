package broker

import (
	"encoding/json"
	"errors"
	"net/http"

	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/exchange"
	"gatehouse/core/pkce"
)

// collect is /auth/getSession: the program that began a login takes what came of it,
// once, and proves with the verifier that it is the one.
func (b *Broker) collect(x *exchange.Exchange) {
	var p parameters
	var err error
	if x.R.Method == http.MethodGet {
		p, err = b.compatible(x)
	} else {
		p, err = form(x.R)
	}
	var c collection
	var flow string
	if err == nil {
		c, flow, err = b.taken(x, p)
	}
	b.note(x, opCollect, c.Provider, flow, err)
	if err != nil {
		b.fail(x, err)
		return
	}
	x.WriteJSON(http.StatusOK, b.describe(c))
}

var errPost = errors.New("the address of a GET is logged")

// compatible reads a GET, whose address may be seen by others.
func (b *Broker) compatible(x *exchange.Exchange) (parameters, error) {
	p, err := query(x.R)
	if err == nil {
		_, err = p.need("token")
	}
	if err == nil && !b.Compatibility {
		q := invalidRequest.With(errPost)
		q.Title = "Send the token in the body of a POST"
		err = q
	}
	return p, err
}

// taken finds what p is about. The collection names its provider even with an error,
// where it is known.
func (b *Broker) taken(x *exchange.Exchange, p parameters) (collection, string, error) {
	if text := p["poll_token"]; text != "" {
		return b.polled(x, text, p["code_verifier"])
	}
	text := p["code"]
	if text == "" {
		text = p["token"]
	}
	if text == "" {
		return collection{}, "", missing("token")
	}
	if p["code"] != "" && p["token"] != "" {
		return collection{}, "", invalidRequest.With(errors.New("code and token"))
	}
	if p["code_verifier"] == "" && !b.Compatibility {
		return collection{}, "", missing("code_verifier")
	}
	id, settles, ok := b.openCode(text)
	if !ok {
		// A person carried it, and blanks and dashes with it.
		if id, ok = readLetters(text, collectionLength); !ok {
			return b.direct(x, text)
		}
	}
	raw, err := b.Collections.Take(x.Context, id)
	if settles && errors.Is(err, grant.ErrNotFound) {
		err = storeUnavailable.With(err)
	}
	if err != nil {
		return collection{}, "", err
	}
	c, err := b.unpack(raw)
	if err == nil && !matches(c.Challenge, p["code_verifier"]) {
		// Taken is burnt: who guesses verifiers has one try.
		b.end(x, c.Handle)
		err = invalidGrant
	}
	return c, "", err
}

// matches reports whether the verifier belongs to the challenge; a login of the
// compatible kind has none, and then none may be given.
func matches(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	v, err := pkce.ParseVerifier(verifier)
	return err == nil && pkce.Verify(challenge, v)
}

func (b *Broker) unpack(raw []byte) (c collection, err error) {
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, err
	}
	switch c.Error {
	case "":
		return c, nil
	case accessDenied.Code:
		return c, accessDenied
	case invalidScope.Code:
		return c, invalidScope
	case "temporarily_unavailable":
		return c, unavailable
	}
	return c, providerError
}

// polled is the collection of a login that the program asks about (RFC 8628, section 3.5).
func (b *Broker) polled(x *exchange.Exchange, text, verifier string) (collection, string, error) {
	t, ok := b.open(asPoll, text)
	if !ok {
		return collection{}, "", invalidGrant
	}
	c := collection{Provider: t.Provider}
	switch {
	case !b.live(t):
		return c, t.Flow, expiredToken
	case verifier == "":
		return c, t.Flow, missing("code_verifier")
	case !matches(t.Challenge, verifier):
		// Somebody else has the token: nobody gets the session.
		b.discard(x, t)
		return c, t.Flow, invalidGrant
	}
	if p := b.tooFast(x, t.ID); p != nil {
		return c, t.Flow, p
	}
	if t.Flow == flowDesktop {
		return b.polledDesktop(x, t)
	}
	raw, err := b.Collections.Take(x.Context, t.ID)
	if errors.Is(err, grant.ErrNotFound) {
		err = pending
	}
	if err != nil {
		return c, t.Flow, err
	}
	c, err = b.unpack(raw)
	c.Provider = t.Provider
	return c, t.Flow, err
}

// discard makes what came or comes of t collectable by nobody.
func (b *Broker) discard(x *exchange.Exchange, t transaction) {
	raw, err := b.Collections.Take(x.Context, t.ID)
	if c, bad := b.unpack(raw); err == nil && bad == nil {
		b.end(x, c.Handle)
	}
	if errors.Is(err, grant.ErrNotFound) {
		err = b.Collections.Burn(x.Context, t.ID, t.expiry())
	}
	if err != nil && !errors.Is(err, grant.ErrTaken) {
		b.Log.WarnContext(x.Context, "login not burnt", "request_id", x.ID, "error", err)
	}
}

// polledDesktop asks the provider, which gives its session once.
func (b *Broker) polledDesktop(x *exchange.Exchange, t transaction) (collection, string, error) {
	c := collection{Provider: t.Provider}
	if b.providers[t.Provider] == nil {
		return c, t.Flow, invalidGrant
	}
	// A login that was burnt or collected is found; one under way is not.
	if _, err := b.Collections.Get(x.Context, t.ID); !errors.Is(err, grant.ErrNotFound) {
		return c, t.Flow, err
	}
	g, err := b.providers[t.Provider].Redeem(x.Context, provider.Answer{Token: t.Token, Scopes: t.Scopes})
	if err != nil {
		return c, t.Flow, err
	}
	if c, err = b.keep(x, t, g); err != nil {
		return c, t.Flow, err
	}
	if err := b.Collections.Burn(x.Context, t.ID, t.expiry()); err != nil {
		b.Log.WarnContext(x.Context, "login not marked as collected", "request_id", x.ID, "error", err)
	}
	return c, t.Flow, nil
}

// direct redeems a token of the provider's own that a person copied from the address of
// its redirect. Nothing binds it to who brings it.
func (b *Broker) direct(x *exchange.Exchange, token string) (collection, string, error) {
	c := collection{Provider: b.only()}
	p := b.providers[c.Provider]
	if !b.Compatibility || len(b.providers) != 1 || p == nil || !p.ShowsToken() {
		return collection{}, "", invalidGrant
	}
	app, ok := b.named(x)
	if !ok {
		// What was begun here was begun with a key; this begins now.
		return c, flowPaste, invalidApp
	}
	g, err := p.Redeem(x.Context, provider.Answer{Token: token})
	switch provider.KindOf(err) {
	case provider.Invalid, provider.Expired, provider.Pending, provider.Denied, provider.Request:
		return c, flowPaste, invalidToken.With(err)
	}
	if err != nil {
		return c, flowPaste, err
	}
	c, err = b.keep(x, transaction{Provider: c.Provider, App: app, Flow: flowPaste}, g)
	return c, flowPaste, err
}

// describe is the session as the program sees it: the provider's own members, and ours.
func (b *Broker) describe(c collection) map[string]any {
	session := map[string]any{}
	if len(c.Session) > 0 {
		_ = json.Unmarshal(c.Session, &session)
	}
	if session == nil {
		session = map[string]any{}
	}
	if _, ok := session["name"]; !ok {
		session["name"] = c.Name
	}
	session["username"] = c.Name
	session["provider"] = c.Provider
	session["handle"] = c.Handle
	session["key"] = c.Handle
	if c.Key != "" {
		session["key"] = c.Key
		if c.Expiry != 0 {
			session["expires_in"] = max(c.Expiry-b.Now().Unix(), 0)
		}
	}
	session["scope"] = scope(c.Scopes)
	return session
}
