package broker

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"

	"gatehouse/core/bearer"
	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/exchange"
	"gatehouse/core/page"
)

// scope writes scopes as a parameter does.
func scope(scopes []string) string { return strings.Join(scopes, " ") }

// handle is the Authorization header's, "" when there is none that could be one.
func handle(r *http.Request) string {
	token, _, _ := bearer.Parse(r.Header)
	return token.Reveal()
}

// entry returns the grant of the request's handle.
func (b *Broker) entry(x *exchange.Exchange, app string) (*grant.Entry, error) {
	h := handle(x.R)
	if h == "" {
		return nil, invalidToken
	}
	e, err := b.Grants.Load(x.Context, h)
	if err == nil && len(b.Apps) > 0 && e.App != app {
		return nil, invalidToken.With(errors.New("another application's handle"))
	}
	return e, err
}

// about is a session without anything that opens it.
type about struct {
	Provider string `json:"provider"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Scope    string `json:"scope"`
	Created  int64  `json:"created"`
	Expires  int64  `json:"expires,omitempty"`
}

// session is GET /auth/session.
func (b *Broker) session(x *exchange.Exchange) {
	app, ok := b.app(x)
	if !ok {
		return
	}
	e, err := b.entry(x, app)
	if err != nil {
		b.fail(x, err)
		return
	}
	a := about{Provider: e.Provider, Username: e.Name, Name: e.Name, Scope: scope(e.Scopes), Created: e.Created.Unix()}
	if !e.Expires.IsZero() {
		a.Expires = e.Expires.Unix()
	}
	x.WriteJSON(http.StatusOK, a)
}

// logout is POST /auth/logout. What is over already is not told from what ends.
func (b *Broker) logout(x *exchange.Exchange) {
	h := handle(x.R)
	if h == "" {
		b.Refuse(x, invalidToken)
		return
	}
	e, err := b.end(x, h)
	if errors.Is(err, grant.ErrHandle) || errors.Is(err, grant.ErrEnded) {
		err = nil
	}
	name := ""
	if e != nil {
		name = e.Provider
	}
	b.note(x, opLogout, name, "", err)
	if err != nil {
		b.fail(x, err)
		return
	}
	x.Begin(http.StatusNoContent)
	page.SetHeaders(x.W.Header())
	x.W.WriteHeader(http.StatusNoContent)
}

// call is /auth/call/{provider}/{path}: the provider's API with the person's grant.
func (b *Broker) call(x *exchange.Exchange) {
	app, ok := b.app(x)
	if !ok {
		return
	}
	_, rest, _ := b.find(x.Path)
	name, path, _ := strings.Cut(rest, "/")
	answer, err := b.called(x, app, name, "/"+path)
	b.note(x, opCall, name, "", err)
	if err != nil {
		b.fail(x, err)
		return
	}
	defer answer.Body.Close()
	b.stream(x, answer)
}

func (b *Broker) called(x *exchange.Exchange, app, name, path string) (*http.Response, error) {
	e, err := b.entry(x, app)
	if err != nil {
		return nil, err
	}
	p, err := b.provider(name)
	if err != nil {
		return nil, err
	}
	if e.Provider != name {
		return nil, invalidToken.With(errors.New("another provider's handle"))
	}
	content, err := body(x.R, maxCallBody)
	if err != nil {
		return nil, err
	}
	var answer *http.Response
	err = b.Grants.Use(x.Context, e, p, func(ctx context.Context, g *provider.Grant) (err error) {
		answer, err = p.Call(ctx, g, provider.Call{Method: x.R.Method, Path: path, RawQuery: x.R.URL.RawQuery, Header: x.R.Header, Body: content})
		return err
	})
	if errors.Is(err, grant.ErrEnded) {
		return nil, sessionExpired.With(err)
	}
	return answer, err
}

// stream passes the provider's answer on. One that breaks off breaks off here, too.
func (b *Broker) stream(x *exchange.Exchange, answer *http.Response) {
	x.Begin(answer.StatusCode)
	h := x.W.Header()
	maps.Copy(h, answer.Header)
	page.SetHeaders(h)
	x.W.WriteHeader(answer.StatusCode)
	flush := http.NewResponseController(x.W)
	for buffer := make([]byte, 16<<10); ; {
		n, err := answer.Body.Read(buffer)
		if n > 0 {
			if _, broken := x.W.Write(buffer[:n]); broken != nil {
				x.Cut(exchange.ErrLeft)
				return
			}
			_ = flush.Flush()
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			x.Err = err
			panic(http.ErrAbortHandler)
		}
	}
}
