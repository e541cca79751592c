package gateway

import (
	"context"
	"errors"
	"fmt"

	"gatehouse/core/exchange"
	"gatehouse/core/oidc"
	"gatehouse/core/problem"
	"gatehouse/core/refresh"
	"gatehouse/core/secret"
	"gatehouse/core/session"
)

// refresh returns found with tokens that are good for a while, if it can be refreshed. A
// session that the provider does not continue is ended: it returns nil and the cookies'
// removal. A provider that cannot be asked ends nothing; without a good access token the
// session then goes on unless it is checked.
func (g *Gateway) refresh(x *exchange.Exchange, found *session.Session, cookies []string) (*session.Session, []string, *problem.Problem) {
	newer, err := g.Sessions.Refresh(x.Context, x.R, found, g.redeemRefreshToken)
	switch {
	case err == nil:
		return newer, cookies, nil
	case errors.Is(err, session.ErrEnded):
		g.Log.InfoContext(x.Context, "session ends with its refresh token", "request_id", x.ID, "subject", x.Subject, "session", found.Ref, "error", err)
		g.forget(x, g.Sessions.Latest(x.Context, found))
		cleared, err := g.Sessions.End(x.Context, found.Ref)
		if err != nil {
			return nil, nil, problem.StoreUnavailable.With(err)
		}
		return nil, cleared, nil
	case errors.Is(err, session.ErrStore):
		return nil, nil, problem.StoreUnavailable.With(err)
	case g.CheckSessions:
		return nil, nil, tokenProblem(err)
	}
	return newer, cookies, nil
}

// renew returns the session with another access token in place of one that the provider
// does not accept, if the provider gives one that it accepts. The error is of
// [bearer.ErrInvalid]'s kind when it does not, or says that nobody knows.
func (g *Gateway) renew(x *exchange.Exchange, found *session.Session, invalid error) (*session.Session, error) {
	newer, err := g.Sessions.Renew(x.Context, x.R, found, g.redeemRefreshToken)
	switch {
	case errors.Is(err, session.ErrEnded):
		return nil, invalid
	case err != nil:
		return nil, err
	}
	return newer, g.checkToken(x.Context, secret.New(newer.AccessToken))
}

// redeemRefreshToken is a [session.Refresher].
func (g *Gateway) redeemRefreshToken(ctx context.Context, login *session.Record, token secret.Text) (*session.Refreshed, error) {
	got, err := g.Provider.Refresh(ctx, oidc.Refreshing{RefreshToken: token, IDToken: secret.New(login.IDToken)})
	var refused *oidc.TokenError
	switch {
	case errors.As(err, &refused) && refused.Code == "invalid_grant",
		errors.Is(err, oidc.ErrIDToken), errors.Is(err, oidc.ErrUserinfo):
		return nil, fmt.Errorf("%w: %w", refresh.ErrRefused, err)
	case err != nil:
		return nil, err
	}
	r := &session.Refreshed{AccessToken: got.AccessToken, RefreshToken: got.RefreshToken, IDToken: got.IDToken, Expiry: got.AccessTokenExpiry}
	if got.Identity.Subject != "" {
		r.Identity = &got.Identity
	}
	return r, nil
}
