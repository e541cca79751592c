package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"gatehouse/core/bearer"
	"gatehouse/core/dpop"
	"gatehouse/core/exchange"
	"gatehouse/core/identity"
	"gatehouse/core/platform"
	"gatehouse/core/problem"
	"gatehouse/core/proxy"
	"gatehouse/core/secret"
	"gatehouse/core/session"
)

// Tokens verifies access tokens of API clients. It is safe for concurrent use.
type Tokens interface {
	// Verify returns what is known about a valid token, shared and read-only. The
	// error is one of package bearer's, or anything else for "unknown". Before the
	// provider is asked about the token, admit is called, unless it is nil; its error is
	// in the one that is returned.
	Verify(ctx context.Context, token secret.Text, admit func(context.Context) error) (*bearer.Token, error)
	// Forget makes sure that a token is not believed without asking again.
	Forget(ctx context.Context, token secret.Text) error
}

// caller is who makes a request, by a session or by an access token.
type caller struct {
	identity *identity.Identity
	// ref names the session or token; it opens nothing.
	ref string
	// accessToken is what the application may be handed, "" for nothing.
	accessToken string
	// scopes and claims are those of an access token; a session keeps neither.
	scopes []string
	token  *bearer.Token
	// session keeps what is computed once for it; nil for a token.
	session *session.Session
}

// identityHeaders are the headers that tell the application who c is, read-only.
func (g *Gateway) identityHeaders(c *caller) (http.Header, error) {
	if c.session == nil {
		return g.Rules.IdentityHeaders(c.identity)
	}
	h, err := c.session.Derived.Get(func() (any, error) { return g.Rules.IdentityHeaders(c.identity) })
	if err != nil {
		return nil, err
	}
	return h.(http.Header), nil
}

// claims are the verified claims as access rules take them.
func (c *caller) claims() map[string]any {
	if c.token == nil {
		return nil
	}
	claims := make(map[string]any, len(c.token.Claims))
	for name, raw := range c.token.Claims {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if d.Decode(&v) == nil {
			claims[name] = v
		}
	}
	return claims
}

// authenticate returns who makes the request, nil for nobody. An access token decides
// alone: one that is not good is refused, whatever the session says. When it returns
// false the request has been answered.
func (g *Gateway) authenticate(x *exchange.Exchange) (*caller, bool) {
	if g.Tokens != nil {
		token, present, err := bearer.Parse(x.R.Header)
		proves := !present && g.Proofs != nil
		if proves {
			token, present, err = bearer.ParseScheme(x.R.Header, dpop.Scheme)
		}
		if present {
			return g.byToken(x, token, proves, err)
		}
	}
	found, cookies, err := g.findSession(x)
	if err != nil {
		g.Refuse(x, problem.StoreUnavailable.With(err))
		return nil, false
	}
	if found != nil {
		x.Subject = found.Identity.Subject
		var p *problem.Problem
		if found, cookies, p = g.refresh(x, found, cookies); p != nil {
			g.Refuse(x, p)
			return nil, false
		}
	}
	if found != nil {
		if found, cookies, err = g.checkSession(x, found, cookies); err != nil {
			g.Refuse(x, tokenProblem(err))
			return nil, false
		}
	}
	x.SetCookies(g.Sessions.Answer(x.R, found, cookies))
	if found == nil {
		return nil, true
	}
	return g.bySession(found), true
}

// findSession is [session.Sessions.Authenticate]; x knows why there is none.
func (g *Gateway) findSession(x *exchange.Exchange) (found *session.Session, cookies []string, err error) {
	found, cookies, x.NoSession, err = g.Sessions.Authenticate(x.Context, x.R)
	return found, cookies, err
}

// checkSession returns found and cookies as they are while its access token is good.
// When the token is not, the session is ended: it returns nil and the cookies' removal.
// An error means that nobody knows.
func (g *Gateway) checkSession(x *exchange.Exchange, found *session.Session, cookies []string) (*session.Session, []string, error) {
	// A hand-over has no token; it lasts two minutes.
	if found.Handover {
		return found, cookies, nil
	}
	err := g.checkToken(x.Context, secret.New(found.AccessToken))
	if err != nil && !unknown(err) {
		// Another process may have refreshed it, and the provider ended the old one.
		var newer *session.Session
		if newer, err = g.renew(x, found, err); err == nil {
			return newer, cookies, nil
		}
	}
	switch {
	case err == nil:
		return found, cookies, nil
	case unknown(err):
		return nil, nil, err
	}
	g.Log.InfoContext(x.Context, "session ends with its access token", "request_id", x.ID, "subject", x.Subject, "session", found.Ref, "error", err)
	cleared, err := g.Sessions.End(x.Context, found.Ref)
	if err != nil {
		// The login page would find the session and send the browser back here.
		return nil, nil, err
	}
	return nil, cleared, nil
}

// checkToken returns nil when sessions are not checked, or a session with this access
// token would pass.
func (g *Gateway) checkToken(ctx context.Context, token secret.Text) error {
	if !g.CheckSessions || g.Tokens == nil {
		return nil
	}
	_, err := g.verify(ctx, token, "", nil)
	if errors.Is(err, bearer.ErrScope) {
		// Required scopes are for API clients.
		return nil
	}
	return err
}

// unknown reports whether err leaves open if the token is good.
func unknown(err error) bool {
	return !errors.Is(err, bearer.ErrInvalid) && !errors.Is(err, bearer.ErrMissing)
}

func (g *Gateway) bySession(found *session.Session) *caller {
	c := &caller{identity: found.Identity, ref: found.Ref, session: found}
	if found.AccessTokenExpiry == 0 || g.Now().Unix() < found.AccessTokenExpiry {
		c.accessToken = found.AccessToken
	}
	return c
}

// verify returns what is known about a token that is good and bound to the key of a
// thumbprint, or to none where that is "". Tokens are verified by nothing else.
func (g *Gateway) verify(ctx context.Context, token secret.Text, thumbprint string, admit func(context.Context) error) (*bearer.Token, error) {
	known, err := g.Tokens.Verify(ctx, token, admit)
	if err == nil {
		err = known.ConfirmedBy(thumbprint)
	}
	return known, err
}

// byToken authenticates by an access token, with a proof of the key that it is bound to if
// proves, or refuses for err. The provider is asked about no token whose proof is not good,
// and only the proof of a good one is used up.
func (g *Gateway) byToken(x *exchange.Exchange, token secret.Text, proves bool, err error) (*caller, bool) {
	var known *bearer.Token
	var proof *dpop.Proof
	thumbprint := ""
	switch {
	case err != nil:
	case proves:
		here := func(u *url.URL) bool { return g.Rules.Same(u, x.Peer.Origin, x.Path) }
		if proof, err = g.Proofs.Verify(x.R.Header, x.R.Method, here, token); err == nil {
			thumbprint = proof.Thumbprint
		}
	case g.ProofsOnly:
		err = bearer.Refuse("without a proof")
	}
	if err == nil {
		known, err = g.verify(x.Context, token, thumbprint, func(ctx context.Context) error { return g.admitQuestion(ctx, x) })
	}
	if err == nil && proof != nil {
		err = g.Proofs.Use(proof)
	}
	if err != nil {
		p := tokenProblem(err)
		if proves {
			p.Challenge = dpop.Challenge(err)
		}
		g.Refuse(x, p)
		return nil, false
	}
	x.Subject = known.Identity.Subject
	return &caller{
		identity: &known.Identity, ref: known.Ref, accessToken: token.Reveal(), scopes: known.Scopes, token: known,
	}, true
}

// questionsError is the end of a client's budget of questions to the provider.
type questionsError struct{ wait time.Duration }

func (*questionsError) Error() string {
	return "too many access tokens that the provider has to be asked about"
}

// admitQuestion counts a question about a token against its client's budget: who makes
// up tokens must not have the provider asked without end.
func (g *Gateway) admitQuestion(ctx context.Context, x *exchange.Exchange) error {
	limit := platform.Limit{Name: "token-question", Count: g.TokensPerMinute, Per: time.Minute}
	if wait, ok := g.Limiter.Allow(ctx, limit, proxy.LimitKey(x.Peer.Addr)); !ok {
		return &questionsError{wait}
	}
	return nil
}

// tokenProblem maps why a token was not accepted (RFC 6750, section 3.1).
func tokenProblem(err error) *problem.Problem {
	p := problem.TokenUnverified
	var limited *questionsError
	switch {
	case errors.As(err, &limited):
		return problem.RateLimited.After(limited.wait).With(err)
	case errors.Is(err, bearer.ErrRequest):
		p = problem.InvalidRequest
	case errors.Is(err, dpop.ErrProof):
		p = problem.InvalidProof
	case errors.Is(err, bearer.ErrScope):
		p = problem.InsufficientScope
	case errors.Is(err, bearer.ErrInvalid), errors.Is(err, bearer.ErrMissing):
		p = problem.InvalidToken
	}
	p = p.With(err)
	p.Challenge = bearer.Challenge(err)
	return p
}
