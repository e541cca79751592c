package introspection

import (
	"context"
	"time"

	"gatehouse/core/secret"
)

// Forget drops what is known about a token, as for a logout: this process asks the issuer
// the next time, even if the store is behind, and an answer that is under way is neither
// kept nor given to who comes later. Other processes may believe theirs up to the cap. An empty token is no error.
// The error is the store's, or ErrUnavailable when the endpoint is not known.
func (i *Introspector) Forget(ctx context.Context, token secret.Text) error {
	if token.Empty() {
		return nil
	}
	endpoint, err := i.address(ctx)
	if endpoint == "" {
		return err
	}
	key, now := i.key(endpoint, token.Reveal()), i.o.Now()
	// A record that was written before is over when this is; see load for the drift.
	i.forgotten.put(key, &entry{made: now, until: now.Add(i.o.Cap + clockDrift)}, now)
	for _, m := range []*memory{i.valid, i.refused} {
		m.drop(key)
	}
	i.era.Add(1)
	if i.o.Store == nil {
		return nil
	}
	return i.erase(ctx, key)
}

// forgottenSince reports whether Forget or Clear was called at t or later.
func (i *Introspector) forgottenSince(key string, t time.Time) bool {
	if i.clearedSince(t) {
		return true
	}
	e := i.forgotten.get(key, i.o.Now())
	return e != nil && !e.made.Before(t)
}
