package devprovider

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// session is a login in one browser. Its id goes into ID tokens as sid; the browser
// holds another value, the key under which the session is stored.
type session struct {
	id       string
	subject  string
	authTime time.Time
}

// cookieName has the port in it: a host's cookies are shared by all of its ports.
func (p *Provider) cookieName() string { return "gatehouse-devprovider-" + p.issuer.Port() }

// sessionOf returns the browser's session.
func (p *Provider) sessionOf(r *http.Request) (session, bool) {
	c, err := r.Cookie(p.cookieName())
	if err != nil {
		return session{}, false
	}
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	e, ok := p.store.sessions.get(c.Value)
	return e.value, ok
}

// startSession replaces the browser's session by a new one.
func (p *Provider) startSession(w http.ResponseWriter, r *http.Request, u User) session {
	key := rand.Text()
	s := session{id: rand.Text(), subject: u.Subject, authTime: time.Now()}
	p.store.mu.Lock()
	if c, err := r.Cookie(p.cookieName()); err == nil {
		p.store.sessions.take(c.Value)
	}
	p.store.sessions.put(key, s, time.Now().Add(sessionLifetime))
	p.store.mu.Unlock()
	http.SetCookie(w, p.cookie(key, int(sessionLifetime.Seconds())))
	return s
}

func (p *Provider) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: p.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: p.issuer.Scheme == "https", SameSite: http.SameSiteLaxMode}
}

// browser is what TerminateSessionFromRequest needs of an end_session request and
// does not get from the library.
type browser struct {
	session session // zero when there is none
	forget  func()
}

type browserKey struct{}

func (p *Provider) serveEndSession(w http.ResponseWriter, r *http.Request) {
	s, _ := p.sessionOf(r)
	b := browser{s, func() { http.SetCookie(w, p.cookie("", -1)) }}
	p.op.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), browserKey{}, b)))
}

// TerminateSessionFromRequest implements op.CanTerminateSessionFromRequest: it ends the
// session that the ID token hint names and the browser's own, with their tokens, and
// tells the client before the browser goes on. Without a hint it does not ask whether
// the user meant it.
func (s *storage) TerminateSessionFromRequest(ctx context.Context, r *op.EndSessionRequest) (string, error) {
	if r.IDTokenHintClaims != nil {
		s.endSession(ctx, r.IDTokenHintClaims.SessionID)
	}
	if b, ok := ctx.Value(browserKey{}).(browser); ok {
		s.endSession(ctx, b.session.id)
		b.forget()
	}
	return r.RedirectURI, nil
}

// TerminateSession implements op.AuthStorage; TerminateSessionFromRequest replaces it.
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }

// endSession ends the session and tells the client, unless it had ended or never was.
func (s *storage) endSession(ctx context.Context, id string) {
	if ended, ok := s.removeSession(id); ok {
		s.backChannel.tell(ctx, ended)
	}
}

// removeSession removes the session and all that it led to.
func (s *storage) removeSession(id string) (ended session, ok bool) {
	if id == "" {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions.deleteFunc(func(s session) bool {
		if s.id != id {
			return false
		}
		ended, ok = s, true
		return true
	})
	of := func(t token) bool { return t.session.id == id }
	s.codes.deleteFunc(func(c code) bool { return c.request.session.id == id })
	s.access.deleteFunc(of)
	s.refresh.deleteFunc(of)
	return ended, ok
}
