package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"gatehouse/core/cookie"
	"gatehouse/core/kv"
)

// touches is the fraction of the idle limit after which a used cookie is renewed.
const touches = 20

// Why a cookie that this deployment sealed stands for no session.
const (
	WhyIdle     = "idle"     // unused for the idle limit
	WhyAbsolute = "absolute" // past the absolute limit
	WhyFuture   = "future"   // from a clock that was ahead
	WhyEnded    = "ended"    // logged out, or unreadable
	// WhyMissing: the store has none. It forgets a session at its absolute limit, and may
	// be behind.
	WhyMissing = "missing"
)

// Authenticate returns the session that r's cookies name, or nil when there is
// none; why is then one of the reasons above, or "" if no single cookie opens. cookies
// are Set-Cookie values that belong on the answer in either case: renewals, and removals
// of what did not open. The error is ErrStore.
//
// A request without a session cookie, or with one that does not open or has
// expired, costs no store operation.
func (s *Sessions) Authenticate(ctx context.Context, r *http.Request) (found *Session, cookies []string, why string, err error) {
	lines := r.Header["Cookie"]
	value, count := cookie.Find(lines, s.names.Session)
	if count == 0 {
		return nil, nil, "", nil
	}
	t, primary, ok := s.openTicket(value)
	now := s.now()
	if count == 1 && ok {
		why = s.unused(t, now)
	}
	if count > 1 || !ok || why != "" {
		return nil, []string{s.names.Clear(s.names.Session)}, why, nil
	}
	ref := t.ref()
	found, err = s.load(ctx, ref)
	if errors.Is(err, kv.ErrNotFound) {
		found, err = s.handover(lines, ref, now), nil
		if found != nil {
			err = s.settle(ctx, found, now)
		}
	}
	if err != nil {
		return nil, nil, "", err
	}
	if found == nil {
		// The store may only be behind, so the cookie stays.
		return nil, nil, WhyMissing, nil
	}
	switch {
	case found.Ended:
		why = WhyEnded
	case !now.Before(found.Expiry()):
		why = WhyAbsolute
	case now.Before(time.Unix(found.Created, 0).Add(-time.Minute)):
		why = WhyFuture
	}
	if why != "" {
		return nil, []string{s.names.Clear(s.names.Session)}, why, nil
	}
	if !primary || (s.kind != Fixed && now.Sub(t.seen) >= s.idle/touches) {
		t.seen = now
		cookies = []string{s.names.Set(s.names.Session, s.sealTicket(t), s.maxAge(now, found.Expiry()))}
	}
	return found, cookies, "", nil
}

// unused says why the ticket is outside the idle limit or from the future, "" if it is
// neither.
func (s *Sessions) unused(t ticket, now time.Time) string {
	switch idle := now.Sub(t.seen); {
	case idle < s.idle && idle > -time.Minute:
		return ""
	case idle <= -time.Minute:
		return WhyFuture
	case s.kind == Fixed:
		return WhyAbsolute
	}
	return WhyIdle
}

// maxAge is the cookie's lifetime in the browser; zero means until it closes.
func (s *Sessions) maxAge(now, expiry time.Time) time.Duration {
	left := expiry.Sub(now)
	switch s.kind {
	case Idle:
		return min(s.idle, left)
	case Fixed:
		return left
	}
	return 0
}
