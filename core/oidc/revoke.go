package oidc

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gatehouse/core/revocation"
	"gatehouse/core/secret"
)

// longestRetry bounds the wait that the revocation endpoint may ask for.
const longestRetry = 3 * time.Second

// Revoke revokes the refresh token, then the access token, of which either may be empty,
// at the provider's revocation endpoint (RFC 7009); offered is false when it has none. An
// endpoint that is busy and says when to come back, within 3 seconds, is asked once more.
// The error is ErrUnavailable, ErrMetadata or ErrTokenRefused: a token may still be good
// then. Tokens that cannot be revoked are no error.
func (p *Provider) Revoke(ctx context.Context, refresh, access secret.Text) (offered bool, err error) {
	m, err := p.Metadata(ctx)
	if err != nil || m.RevocationEndpoint == "" {
		return false, err
	}
	return true, revocation.Tokens(ctx, refresh, access, func(ctx context.Context, form url.Values) error {
		wait, err := p.revoke(ctx, m, form, refresh.Reveal(), access.Reveal())
		if wait == 0 {
			return err
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
			_, err = p.revoke(ctx, m, form, refresh.Reveal(), access.Reveal())
		case <-ctx.Done():
		}
		return err
	})
}

// revoke asks about one token. wait is for how long the endpoint is busy (RFC 7009,
// section 2.2.1), 0 when it is not, does not say or says too long. No error repeats secrets.
func (p *Provider) revoke(ctx context.Context, m *Metadata, form url.Values, secrets ...string) (wait time.Duration, err error) {
	a, secrets, err := p.post(ctx, revocationEndpoint, m.RevocationEndpoint, form, p.authentication(), secrets)
	if err != nil {
		return 0, err
	}
	o, _ := parseObject(a.Body) // the body of a success is of no interest
	code, _ := o.Text("error")
	switch {
	case isHTML(a.Header):
		return 0, unavailable(revocationEndpoint, errHTML)
	case revocation.Done(a.Status, code):
		return 0, nil
	case code != "" && a.Status >= 400 && a.Status <= 499:
		return 0, tokenError(revocationEndpoint, o, a.Status, secrets)
	case a.Status == http.StatusServiceUnavailable:
		n, err := strconv.ParseUint(a.Header.Get("Retry-After"), 10, 16)
		if err == nil && time.Duration(n)*time.Second <= longestRetry {
			wait = max(time.Duration(n)*time.Second, time.Second)
		}
	}
	return wait, unavailable(revocationEndpoint, statusError(a.Status))
}
