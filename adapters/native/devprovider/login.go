package devprovider

import (
	"cmp"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	pathLogin     = "/login"
	pathSignedOut = "/signed-out"

	paramRequest  = "id"
	paramUsername = "username"
	paramPassword = "password"
)

func loginURL(requestID string) string { return pathLogin + "?" + paramRequest + "=" + requestID }

const textNoRequest = "This sign-in is unknown, has expired or was finished already. Go back to the application and start again."

// openRequest returns the auth request that the parameter id names, or answers 400.
func (p *Provider) openRequest(w http.ResponseWriter, r *http.Request) (*authRequest, bool) {
	if err := r.ParseForm(); err != nil {
		p.refuse(w, http.StatusBadRequest, "The form could not be read.")
		return nil, false
	}
	a, err := p.store.request(r.Form.Get(paramRequest))
	if err != nil || a.done {
		p.refuse(w, http.StatusBadRequest, textNoRequest)
		return nil, false
	}
	return a, true
}

// serveLogin answers an auth request from the browser's session, or shows the form.
func (p *Provider) serveLogin(w http.ResponseWriter, r *http.Request) {
	a, ok := p.openRequest(w, r)
	if !ok {
		return
	}
	if s, ok := p.sessionOf(r); ok && a.satisfiedBy(s) {
		p.answer(w, r, a, s)
		return
	}
	if a.prompts(oidc.PromptNone) {
		p.store.DeleteAuthRequest(r.Context(), a.id)
		op.AuthRequestError(w, r, a, oidc.ErrLoginRequired(), p.op)
		return
	}
	username := a.params.LoginHint
	if u, ok := p.store.users.bySubject(a.hinted); ok {
		username = u.Username
	}
	p.showLogin(w, http.StatusOK, a, username, "")
}

// serveCredentials takes the form. The server's cross-origin protection stands before
// it, so that no other site signs a browser in.
func (p *Provider) serveCredentials(w http.ResponseWriter, r *http.Request) {
	a, ok := p.openRequest(w, r)
	if !ok {
		return
	}
	if a.prompts(oidc.PromptNone) {
		p.refuse(w, http.StatusBadRequest, textNoRequest)
		return
	}
	username := r.PostForm.Get(paramUsername)
	u, ok := p.store.users.authenticate(username, r.PostForm.Get(paramPassword))
	if !ok {
		p.showLogin(w, http.StatusForbidden, a, username, "Wrong username or password.")
		return
	}
	if a.hinted != "" && a.hinted != u.Subject {
		p.showLogin(w, http.StatusForbidden, a, username, "The application asked for another user.")
		return
	}
	p.answer(w, r, a, p.startSession(w, r, u))
}

// answer finishes the request and sends the browser to the client with a code.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, a *authRequest, s session) {
	if err := p.store.finish(a.id, s); err != nil {
		p.refuse(w, http.StatusBadRequest, textNoRequest)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	// The library reads the id from r.Form, where openRequest found it.
	op.AuthorizeCallback(w, r, p.op)
}

func (p *Provider) serveSignedOut(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusOK, page{Title: "Logged out", Text: "You are logged out of the development provider."})
}

// serveHome shows who is logged in here and lets them log out without an application.
func (p *Provider) serveHome(w http.ResponseWriter, r *http.Request) {
	s, _ := p.sessionOf(r)
	u, ok := p.store.users.bySubject(s.subject)
	if !ok {
		p.show(w, http.StatusOK, page{Title: "Development provider",
			Text: "This is an OpenID provider for development. Open the application to log in."})
		return
	}
	text := "You are logged in at the development provider as " + cmp.Or(u.Name, u.Username) + "."
	if p.store.backChannel != nil {
		text += " If you log out here, the provider tells the application, and your session there ends, too."
	}
	p.show(w, http.StatusOK, page{Title: "Your session", Text: text, LogoutURL: p.op.EndSessionEndpoint().Relative()})
}

func (p *Provider) refuse(w http.ResponseWriter, status int, text string) {
	p.show(w, status, page{Title: "This does not work", Text: text})
}

func (p *Provider) showLogin(w http.ResponseWriter, status int, a *authRequest, username, problem string) {
	p.show(w, status, page{Title: "Log in", Login: &loginForm{
		Request: a.id, Username: username, Problem: problem,
		HintUsername: p.hint.Username, HintPassword: p.hint.Password,
	}})
}
