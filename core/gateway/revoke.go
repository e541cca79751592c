package gateway

import (
	"context"
	"log/slog"
	"time"

	"gatehouse/core/oidc"
	"gatehouse/core/secret"
	"gatehouse/core/session"
)

// revokeTime bounds the revocation of a session's tokens, in the background and in all.
const revokeTime = 10 * time.Second

// Revoker revokes tokens that nobody has any more at the provider (RFC 7009), where that
// has an endpoint for it. Nothing waits for it and nothing fails with it: what became of
// it is in the log. A nil Revoker revokes nothing. It is safe for concurrent use.
type Revoker struct {
	Provider   *oidc.Provider
	Background func(func(context.Context))
	Log        *slog.Logger
}

// Session revokes the tokens of a session that has ended here.
func (r *Revoker) Session(s *session.Session) {
	if s != nil {
		r.Tokens(s.Ref, secret.New(s.RefreshToken), secret.New(s.AccessToken))
	}
}

// Tokens revokes what is not empty. ref is the session's, for the log.
func (r *Revoker) Tokens(ref string, refresh, access secret.Text) {
	if r == nil || refresh.Empty() && access.Empty() {
		return
	}
	r.Background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, revokeTime)
		defer cancel()
		offered, err := r.Provider.Revoke(ctx, refresh, access)
		switch {
		case err != nil:
			r.Log.WarnContext(ctx, "tokens not revoked at the provider; they are good until they expire", "session", ref, "error", err.Error())
		case offered:
			r.Log.InfoContext(ctx, "tokens revoked at the provider", "session", ref)
		}
	})
}

// replaced returns the session that the browser comes with to a login as subject, if it is
// somebody else's. The tokens of one's own stay: providers that keep one grant for a user
// and a client end it with any of its tokens, and so the new login too.
func (g *Gateway) replaced(ctx context.Context, ref, subject string) *session.Session {
	if g.Revoker == nil || ref == "" {
		return nil
	}
	old := g.Sessions.Named(ctx, ref)
	if old == nil || old.Identity.Subject == subject {
		return nil
	}
	return old
}
