package oidc

import "context"

// VerifyIDToken validates an ID token that came with accessToken in answer to a request
// that carried nonce (OpenID Connect Core 1.0, section 3.1.3.7), for callers that
// redeem codes themselves, and returns its claims. The error is ErrIDToken,
// ErrUnavailable or ErrMetadata.
func (p *Provider) VerifyIDToken(ctx context.Context, raw, nonce, accessToken string) (object, error) {
	m, err := p.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	return p.verifyIDToken(ctx, m, raw, expectation{
		Issuer: p.o.Issuer, ClientID: p.o.ClientID, Nonce: nonce,
		AccessToken: accessToken, Now: p.o.Now(), Skew: p.o.ClockSkew,
	})
}
