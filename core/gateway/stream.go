package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"gatehouse/core/exchange"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
	"gatehouse/core/secret"
	"gatehouse/core/session"
)

// blindChecks is how often in a row a stream's session or token may not be known; then the
// stream ends.
const blindChecks = 3

// errStreamOver ends a stream's context.
var errStreamOver = errors.New("gateway: session or token is over")

// stream is an exchange with the application on behalf of somebody. Once it is known to
// last it is watched: it ends when this process ends the session, when the session or the
// token reaches a limit, and when one of them turns out to be over at a check, one every
// StreamCheck.
type stream struct {
	g      *Gateway
	x      *exchange.Exchange
	who    *caller
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	limit   time.Time // zero: none
	watched bool
	over    bool
	blind   int // checks in a row without an answer
	release func()
	stop    func() // the timer
}

// newStream begins the exchange of out, which it returns bound to the stream's context.
// It must be closed.
func (g *Gateway) newStream(x *exchange.Exchange, who *caller, out *http.Request) (*stream, *http.Request) {
	s := &stream{g: g, x: x, who: who}
	s.ctx, s.cancel = context.WithCancelCause(out.Context())
	out = out.WithContext(platform.Bind(s.ctx))
	if out.ContentLength < 0 || out.ContentLength > platform.Brief {
		s.watch()
	}
	return s, out
}

// watch arms the stream, once.
func (s *stream) watch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched || s.over {
		return
	}
	s.watched = true
	if s.who.session != nil {
		s.limit = s.g.Sessions.Limit(s.who.session)
		s.release = s.g.Sessions.OnEnd(s.who.session, func() { s.end(session.ErrEnded) })
	} else {
		s.limit = s.who.token.Expiry
	}
	s.schedule()
}

// schedule sets the timer of the next check. The caller holds mu.
func (s *stream) schedule() {
	wait := s.g.StreamCheck
	if !s.limit.IsZero() {
		wait = max(0, min(wait, s.limit.Sub(s.g.Now())))
	}
	s.stop = s.g.After(wait, s.check)
}

// check ends the stream or sets the next check.
func (s *stream) check() {
	err := s.judge()
	if err != nil {
		s.end(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.schedule()
	}
}

var errLimit = errors.New("limit reached")

// judge returns why the stream must end, nil if it may go on.
func (s *stream) judge() error {
	if !s.limit.IsZero() && !s.g.Now().Before(s.limit) {
		return errLimit
	}
	err := s.g.lasts(s.ctx, s.who)
	switch {
	case err == nil:
		s.blind = 0
		return nil
	case errors.Is(err, session.ErrEnded), !unknown(err):
		return err
	}
	if s.blind++; s.blind < blindChecks {
		return nil
	}
	return fmt.Errorf("not known for %d checks: %w", blindChecks, err)
}

// lasts returns nil while a request of who would still be let in, by session or token. The
// error is session.ErrEnded or one of package bearer's, else nobody knows. It asks for no
// new tokens: only answers can tell a browser of them.
func (g *Gateway) lasts(ctx context.Context, who *caller) error {
	if who.session == nil {
		_, err := g.verify(ctx, secret.New(who.accessToken), who.token.Thumbprint, nil)
		return err
	}
	err := g.Sessions.Lasts(ctx, who.session)
	if err != nil || !g.CheckSessions || who.session.Handover {
		return err
	}
	return g.checkToken(ctx, secret.New(g.Sessions.Latest(ctx, who.session).AccessToken))
}

// end breaks the exchange off, unless it is over.
func (s *stream) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.over = true
	s.g.Log.InfoContext(s.ctx, "stream ends with its session", "request_id", s.x.ID, "subject", s.x.Subject, "session", s.who.ref, "reason", why.Error())
	s.cancel(errStreamOver)
}

// refusal is the answer to a request whose stream ended before an answer began, nil when
// it did not end.
func (s *stream) refusal() *problem.Problem {
	if context.Cause(s.ctx) != errStreamOver {
		return nil
	}
	if s.who.session == nil {
		return problem.InvalidToken.With(errStreamOver)
	}
	return problem.LoginRequired.With(errStreamOver)
}

// close lets go of the stream when the exchange is over. An answer that the stream's end
// cut is recorded as such.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.x.Err == nil && context.Cause(s.ctx) == errStreamOver {
		s.x.Cut(errStreamOver)
	}
	s.over = true
	if s.release != nil {
		s.release()
	}
	if s.stop != nil {
		s.stop()
	}
	s.cancel(nil)
}
