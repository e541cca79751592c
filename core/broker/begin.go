package broker

import (
	"net/http"

	"gatehouse/core/broker/provider"
	"gatehouse/core/exchange"
	"gatehouse/core/page"
)

// begin is GET /auth/begin: it takes the browser to the provider, at once where the
// program learns of the result on the same machine, else after the person compared the
// code that the program shows.
func (b *Broker) begin(x *exchange.Exchange) {
	p, err := query(x.R)
	if err != nil {
		b.fail(x, err)
		return
	}
	t, ok := b.open(asStart, p["t"])
	if !ok || !b.live(t) || !b.still(t) {
		b.Refuse(x, loginExpired)
		return
	}
	if t.UserCode != "" {
		b.compare(x, t, p["t"])
		return
	}
	location, err := b.towards(x, t)
	b.note(x, opBegin, t.Provider, t.Flow, err)
	if err != nil {
		b.fail(x, err)
		return
	}
	x.Redirect(location)
}

// towards is the provider's address for t; the answer gets the cookie that binds it.
func (b *Broker) towards(x *exchange.Exchange, t transaction) (string, error) {
	to := b.providers[t.Provider]
	if t.Flow == flowDesktop {
		return to.AuthorizationURL(x.Context, provider.Authorization{Token: t.Token, Scopes: t.Scopes})
	}
	n, verifier, err := b.bind(x, t)
	if err != nil {
		return "", err
	}
	return to.AuthorizationURL(x.Context, provider.Authorization{
		State: n.State, RedirectURI: t.Callback, Challenge: verifier.Challenge(), Nonce: n.Nonce, Scopes: t.Scopes,
	})
}

// compare asks the person to compare the code: somebody else may have sent the address
// (RFC 8628, section 5.4).
func (b *Broker) compare(x *exchange.Exchange, t transaction, sealed string) {
	who := "A program"
	if t.App != "" {
		who = "The program “" + t.App + "”"
	}
	title := b.providers[t.Provider].Title()
	b.show(x, page.Page{
		Title: "Connect to " + title + "?",
		Text: who + " wants to use your account at " + title + ". Go on only if it is yours and shows this code. " +
			"If somebody sent you here, close this window: they would get access to your account.",
		Code: t.UserCode,
		Action: &page.Action{Label: "The code is the same: go on", Method: http.MethodPost,
			URL: b.BasePath + "/auth/confirm", Fields: []string{"t", sealed}},
		SendReferrer: true,
	})
}

// confirm is POST /auth/confirm, from the page of compare.
func (b *Broker) confirm(x *exchange.Exchange) {
	if !b.sameOrigin(x) {
		b.Refuse(x, crossSite)
		return
	}
	p, err := form(x.R)
	if err != nil {
		b.fail(x, err)
		return
	}
	t, ok := b.open(asStart, p["t"])
	if !ok || t.UserCode == "" || !b.live(t) || !b.still(t) {
		b.Refuse(x, loginExpired)
		return
	}
	location, err := b.towards(x, t)
	b.note(x, opConfirm, t.Provider, t.Flow, err)
	if err != nil {
		b.fail(x, err)
		return
	}
	title := b.providers[t.Provider].Title()
	// A page and not a redirect: browsers apply a form's content security policy to
	// every redirect that follows, and providers send people elsewhere to log in.
	b.show(x, page.Page{
		Title: "Going to " + title, Text: "You are being sent to " + title + ".",
		Action: &page.Action{Label: "Continue to " + title, URL: location}, Refresh: true,
	})
}

func (b *Broker) sameOrigin(x *exchange.Exchange) bool {
	origins := make([]string, len(b.Public))
	for i, o := range b.Public {
		origins[i] = o.String()
	}
	return exchange.SameOrigin(x.R, origins)
}

// device is /auth/device: the person types the code that a program shows elsewhere
// (RFC 8628, section 3.3).
func (b *Broker) device(x *exchange.Exchange) {
	if x.R.Method == http.MethodGet {
		// What is not a code is not repeated.
		code, _ := parseUserCode(x.R.URL.Query().Get("user_code"))
		b.askCode(x, code)
		return
	}
	if !b.sameOrigin(x) {
		b.Refuse(x, crossSite)
		return
	}
	p, err := form(x.R)
	if err != nil {
		b.fail(x, err)
		return
	}
	if !b.countCode(x) {
		return
	}
	code, ok := parseUserCode(p["user_code"])
	if !ok {
		b.Refuse(x, unknownCode)
		return
	}
	text, err := b.Collections.Get(x.Context, userCodeID(code))
	t, ok := b.open(asStart, string(text))
	switch {
	case err != nil && problemOf(err).Code == storeUnavailable.Code:
		b.fail(x, err)
	case err != nil, !ok, !b.live(t), !b.still(t):
		b.Refuse(x, unknownCode)
	default:
		b.compare(x, t, string(text))
	}
}

// askCode shows the form.
func (b *Broker) askCode(x *exchange.Exchange, code string) {
	b.show(x, page.Page{
		Title: "Connect a program",
		Text:  "Type the code that the program shows you.",
		Action: &page.Action{Label: "Continue", Method: http.MethodPost, URL: b.BasePath + "/auth/device",
			Input: &page.Input{Label: "Code", Name: "user_code", Value: code}},
		SendReferrer: true,
	})
}
