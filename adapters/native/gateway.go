package native

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"gatehouse/core"
	"gatehouse/core/config"
	"gatehouse/core/kv"
	"gatehouse/core/platform"
	"gatehouse/core/session"
)

// parts are what a process holds besides the listener.
type parts struct {
	handler    http.Handler
	ready      func(context.Context) error
	sessions   Sessions
	tokens     Tokens
	counters   func() []core.Count
	forward    *Forward
	fetch      *http.Transport
	background *background
}

// assemble fills in the core's seams.
func assemble(c *config.Config, store kv.Driver, log *slog.Logger) (*parts, error) {
	p := &parts{
		forward:    NewForward(c.UpstreamTimeout, log),
		fetch:      newFetch(),
		background: newBackground(log),
	}
	gateway, err := core.New(c, platform.Platform{
		KV:         store,
		Fetch:      p.fetch,
		Forward:    p.forward,
		Log:        log,
		Background: p.background.run,
	})
	if err != nil {
		return nil, err
	}
	p.ready, p.counters = gateway.Ready, gateway.Counters
	p.handler, p.sessions, p.tokens = gateway, administration{gateway.Sessions()}, answers{gateway}
	return p, nil
}

// administration is the core's sessions as [Sessions].
type administration struct{ *session.Sessions }

func (a administration) List(ctx context.Context, cursor string, limit int) ([]SessionInfo, string, error) {
	page, next, err := a.Sessions.List(ctx, cursor, limit)
	list := make([]SessionInfo, len(page))
	for i, s := range page {
		list[i] = SessionInfo{
			ID: s.Ref, Subject: s.Identity.Subject, PreferredUsername: s.Identity.PreferredUsername,
			Email: s.Identity.Email, Created: s.Created, Expires: s.Expires,
		}
	}
	return list, next, err
}

func (a administration) RevokeSubject(ctx context.Context, subject string) error {
	err := a.Sessions.EndAll(ctx, session.Ending{Subject: subject})
	if errors.Is(err, session.ErrNoMarks) {
		err = ErrNoSubjects
	}
	return err
}

// answers are the core's, about access tokens, as [Tokens].
type answers struct{ gateway *core.Gateway }

func (a answers) Clear(ctx context.Context) (removed int, err error) {
	removed, err = a.gateway.ClearTokens(ctx)
	if errors.Is(err, core.ErrNoAnswers) {
		err = ErrNoAnswers
	}
	return removed, err
}
