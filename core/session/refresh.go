package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/identity"
	"gatehouse/core/refresh"
	"gatehouse/core/secret"
)

// ErrEnded says that the provider or somebody here has ended the session.
var ErrEnded = errors.New("session: ended")

// ErrBehind says that the store does not show yet what the session was refreshed to.
var ErrBehind = errors.New("session: store behind")

// behindFor is how long a store is waited for that does not show what the browser was
// answered with; what it lost for good is not missed for longer.
const behindFor = HandoverTime

// Refreshed is what a refresh yields. What is empty stays as it was.
type Refreshed struct {
	AccessToken, RefreshToken, IDToken secret.Text
	// Expiry of AccessToken; zero when the provider did not say.
	Expiry   time.Time
	Identity *identity.Identity
}

// Refresher redeems the refresh token of a session that began as login. An error that is
// [refresh.ErrRefused] says that the session must not go on.
type Refresher func(ctx context.Context, login *Record, token secret.Text) (*Refreshed, error)

// Refresh returns found with an access token that is not about to expire, refreshed once
// however many ask, as package refresh says. While the provider fails it is found as
// long as the access token lives. A session without a refresh token is returned as it is.
//
// q is the request on behalf of which it is, whose cookie shows when the store is behind.
//
// The error is ErrEnded, and the caller has to end the session; ErrStore; or what keeps
// the token from being refreshed: then the newest session that is known comes with it.
//
// The record of the session is not written: only logins and logouts do that, so that no
// refresh can bring back what was ended.
func (s *Sessions) Refresh(ctx context.Context, q *http.Request, found *Session, with Refresher) (*Session, error) {
	if !s.refreshable(found) {
		return found, nil
	}
	if newest, behind := s.behind(ctx, q, found); behind {
		if newest.AccessTokenExpiry != 0 && !s.now().Before(time.Unix(newest.AccessTokenExpiry, 0)) {
			return newest, ErrBehind
		}
		return newest, nil
	}
	r, err := s.keeper.Fresh(ctx, s.tokensOf(found), redeemer{s, found.begun(), with})
	return s.refreshed(ctx, found, r, err)
}

// Renew returns a later generation than found, whose access token the provider does not
// accept any more. The error is as of [Sessions.Refresh]; ErrEnded when there is no
// refresh token.
func (s *Sessions) Renew(ctx context.Context, q *http.Request, found *Session, with Refresher) (*Session, error) {
	if !s.refreshable(found) {
		return nil, ErrEnded
	}
	if newest, behind := s.behind(ctx, q, found); behind {
		return newest, ErrBehind
	}
	r, err := s.keeper.Renew(ctx, s.tokensOf(found), redeemer{s, found.begun(), with})
	return s.refreshed(ctx, found, r, err)
}

// Latest returns the newest session that is known without asking the provider.
func (s *Sessions) Latest(ctx context.Context, found *Session) *Session {
	if !s.refreshable(found) {
		return found
	}
	r, err := s.keeper.Latest(ctx, s.tokensOf(found))
	if err != nil || r.Generation <= found.Generation {
		return found
	}
	return s.become(found, r)
}

// behind reports whether q's cookie names a later generation than can be found, in
// store or memory, so soon after it was begun that the store may only be behind. Then the
// refresh token that is known has been used. newest is what is known.
func (s *Sessions) behind(ctx context.Context, q *http.Request, found *Session) (newest *Session, behind bool) {
	t, ok := s.ticketOf(q)
	age := s.now().Sub(t.refreshed)
	if !ok || t.generation <= found.Generation || age >= behindFor || age < -time.Minute {
		return found, false
	}
	newest = s.Latest(ctx, found)
	return newest, t.generation > newest.Generation
}

// Answer returns the Set-Cookie values that belong on an answer that is given on behalf
// of found: cookies, or in their place one that names found's generation.
func (s *Sessions) Answer(q *http.Request, found *Session, cookies []string) []string {
	if found == nil || found.Generation == 0 {
		return cookies
	}
	t, ok := s.ticketOf(q)
	if !ok || t.generation >= found.Generation {
		return cookies
	}
	t.seen = s.now()
	t.generation, t.refreshed = found.Generation, t.seen
	return []string{s.names.Set(s.names.Session, s.sealTicket(t), s.maxAge(t.seen, found.Expiry()))}
}

func (s *Sessions) ticketOf(q *http.Request) (ticket, bool) {
	value, count := cookie.Find(q.Header["Cookie"], s.names.Session)
	t, _, ok := s.openTicket(value)
	return t, ok && count == 1
}

func (s *Sessions) refreshable(found *Session) bool {
	return s.keeper != nil && !found.Handover && found.RefreshToken != ""
}

func (s *Sessions) refreshed(ctx context.Context, found *Session, r *refresh.Record, err error) (*Session, error) {
	switch {
	case errors.Is(err, refresh.ErrEnded):
		return nil, fmt.Errorf("%w: %w", ErrEnded, err)
	case errors.Is(err, refresh.ErrStore):
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	case err != nil:
		return s.Latest(ctx, found), err
	case r.Generation != found.Generation:
		found = s.become(found, r)
	}
	if found.Ended || s.remembered(found) {
		return nil, ErrEnded
	}
	return found, nil
}

// begun is the session as it began.
func (s *Session) begun() *Session {
	if s.login != nil {
		return s.login
	}
	return s
}

// tokensOf is what found's tokens are refreshed from. Those of the login are in the
// session's own record.
func (s *Sessions) tokensOf(found *Session) *refresh.Record {
	if found.tokens != nil {
		return found.tokens
	}
	t := refresh.Tokens{Access: secret.New(found.AccessToken), Refresh: secret.New(found.RefreshToken)}
	if found.AccessTokenExpiry != 0 {
		t.Expiry = time.Unix(found.AccessTokenExpiry, 0)
	}
	return s.keeper.Adopt(found.Ref, t, time.Unix(found.Created, 0), found.Expiry())
}

// owned is what is kept beside refreshed tokens; what is empty is as at the login.
type owned struct {
	Identity *identity.Identity `json:"identity,omitempty"`
	IDToken  string             `json:"id_token,omitempty"`
}

// become is found with the tokens and the identity of r.
func (s *Sessions) become(found *Session, r *refresh.Record) *Session {
	login := found.begun()
	n := &Session{Record: login.Record, Ref: login.Ref, Generation: r.Generation, login: login, tokens: r}
	n.AccessToken, n.RefreshToken, n.AccessTokenExpiry = r.Access.Reveal(), r.Refresh.Reveal(), 0
	if !r.Expiry.IsZero() {
		n.AccessTokenExpiry = r.Expiry.Unix()
	}
	o := ownedBy(r.Tokens)
	if o.Identity != nil {
		n.Identity = o.Identity
	}
	if o.IDToken != "" {
		n.IDToken = o.IDToken
	}
	return s.cache.replace(found, n, s.now())
}

func ownedBy(t refresh.Tokens) (o owned) {
	if json.Unmarshal(t.Owner, &o) != nil {
		return owned{}
	}
	return o
}

// redeemer is a Refresher as package refresh takes it.
type redeemer struct {
	s     *Sessions
	login *Session
	with  Refresher
}

// Redeem implements [refresh.Redeemer].
func (r redeemer) Redeem(ctx context.Context, t refresh.Tokens) (refresh.Tokens, error) {
	got, err := r.with(ctx, &r.login.Record, t.Refresh)
	if err != nil {
		r.s.log.WarnContext(ctx, "session not refreshed", "session", r.login.Ref, "error", err.Error())
		return refresh.Tokens{}, err
	}
	o := ownedBy(t)
	if got.Identity != nil {
		o.Identity = got.Identity
	}
	if !got.IDToken.Empty() {
		o.IDToken = got.IDToken.Reveal()
	}
	next := refresh.Tokens{Access: got.AccessToken, Refresh: got.RefreshToken, Expiry: got.Expiry}
	if next.Refresh.Empty() {
		next.Refresh = t.Refresh
	}
	if next.Owner, err = json.Marshal(o); err != nil {
		return refresh.Tokens{}, err
	}
	r.s.log.InfoContext(ctx, "session refreshed", "session", r.login.Ref)
	return next, nil
}

// Discard implements [refresh.Redeemer]: nobody has the tokens.
func (r redeemer) Discard(ctx context.Context, t refresh.Tokens) {
	r.s.log.InfoContext(ctx, "session ended while it was refreshed", "session", r.login.Ref)
	if r.s.discard != nil {
		r.s.discard(r.login.Ref, t.Refresh, t.Access)
	}
}
