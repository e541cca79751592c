package grant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gatehouse/core/broker/provider"
	"gatehouse/core/refresh"
	"gatehouse/core/secret"
)

// About is what the broker knows of a grant besides the tokens.
type About struct {
	Provider string
	App      string
	Created  time.Time // set by Create
}

// Entry is a stored grant. It is read-only.
type Entry struct {
	About
	*provider.Grant
	// Ref is the record's key, a hash of the handle's id: it may be logged.
	Ref string
	// Generation counts refreshes.
	Generation int
	// Expires is when the grant ends in any case.
	Expires time.Time

	record *refresh.Record
}

// owner is what the record keeps beside the tokens. Created is in seconds since 1970.
type owner struct {
	Provider  string          `json:"provider"`
	App       string          `json:"app,omitempty"`
	Created   int64           `json:"created"`
	TokenType string          `json:"token_type"`
	Scopes    []string        `json:"scopes,omitempty"`
	Name      string          `json:"name,omitempty"`
	Session   json.RawMessage `json:"session,omitempty"`
	IDToken   string          `json:"id_token,omitempty"`
}

func tokensOf(a About, g *provider.Grant) refresh.Tokens {
	b, err := json.Marshal(owner{
		Provider: a.Provider, App: a.App, Created: a.Created.Unix(), TokenType: g.TokenType, Scopes: g.Scopes,
		Name: g.Name, Session: g.Session, IDToken: g.IDToken.Reveal(),
	})
	if err != nil {
		b = nil // Session is not JSON: the record then fails to open
	}
	return refresh.Tokens{Access: g.Access, Refresh: g.Refresh, Expiry: g.Expiry, Owner: b}
}

// grantOf reads tokens back. The error is ErrEnded.
func grantOf(t refresh.Tokens) (About, *provider.Grant, error) {
	var o owner
	if err := json.Unmarshal(t.Owner, &o); err != nil || o.Provider == "" {
		return About{}, nil, fmt.Errorf("%w: record cannot be read", ErrEnded)
	}
	return About{Provider: o.Provider, App: o.App, Created: time.Unix(o.Created, 0)}, &provider.Grant{
		Access: t.Access, Refresh: t.Refresh, TokenType: o.TokenType, Scopes: o.Scopes, Expiry: t.Expiry,
		Name: o.Name, Session: o.Session, IDToken: secret.New(o.IDToken),
	}, nil
}

func entryOf(ref string, r *refresh.Record) (*Entry, error) {
	about, g, err := grantOf(r.Tokens)
	if err != nil {
		return nil, err
	}
	return &Entry{About: about, Grant: g, Ref: ref, Generation: r.Generation, Expires: r.End, record: r}, nil
}

// redeemer is a provider for package refresh.
type redeemer struct {
	p   *provider.Provider
	log *slog.Logger
}

// Redeem implements [refresh.Redeemer].
func (r redeemer) Redeem(ctx context.Context, t refresh.Tokens) (refresh.Tokens, error) {
	about, g, err := grantOf(t)
	if err != nil {
		return refresh.Tokens{}, errors.Join(refresh.ErrRefused, err)
	}
	newer, err := r.p.Refresh(ctx, g)
	switch kind := provider.KindOf(err); {
	case kind == provider.Ended || kind == provider.Denied:
		return refresh.Tokens{}, fmt.Errorf("%w: %w", refresh.ErrRefused, err)
	case err != nil:
		return refresh.Tokens{}, err
	}
	return tokensOf(about, newer), nil
}

// Discard implements [refresh.Redeemer]: nobody has these tokens, so nobody shall use
// them.
func (r redeemer) Discard(ctx context.Context, t refresh.Tokens) {
	if _, g, err := grantOf(t); err == nil {
		if err := r.p.Revoke(ctx, g); err != nil {
			r.log.WarnContext(ctx, "tokens of an ended grant not revoked", "provider", r.p.Name(), "error", err.Error())
		}
	}
}
