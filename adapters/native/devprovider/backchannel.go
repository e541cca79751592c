package devprovider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

const (
	logoutTokenType     = "logout+jwt"
	logoutTokenLifetime = 2 * time.Minute
	backChannelTimeout  = 5 * time.Second
)

// backChannel tells the client that sessions have ended (OpenID Connect Back-Channel
// Logout 1.0). A nil one tells nobody. It is safe for concurrent use.
type backChannel struct {
	uri, issuer, clientID string
	key                   *signingKey
	log                   *slog.Logger
	http                  *http.Client
}

// newBackChannel returns nil if the client has not registered for it.
func newBackChannel(o Options, key *signingKey) (*backChannel, error) {
	if o.BackChannelLogoutURI == "" {
		return nil, nil
	}
	u, err := url.Parse(o.BackChannelLogoutURI)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Contains(o.BackChannelLogoutURI, "#") {
		return nil, errors.New("devprovider: back-channel logout URI must be absolute, http or https, without a fragment")
	}
	return &backChannel{uri: o.BackChannelLogoutURI, issuer: o.Issuer, clientID: o.ClientID, key: key, log: o.Log,
		// Redirects are not followed: they are not the answer of section 2.8.
		http: &http.Client{Timeout: backChannelTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}}, nil
}

// tell sends a logout token for s once and waits for the answer. That ctx ends does not
// keep the client from being told: it is the browser's, which may leave.
func (b *backChannel) tell(ctx context.Context, s session) {
	if b == nil {
		return
	}
	if err := b.send(context.WithoutCancel(ctx), s); err != nil {
		b.log.WarnContext(ctx, "the client does not know of a logout at the development provider", "error", err)
	}
}

func (b *backChannel) send(ctx context.Context, s session) error {
	token, err := b.token(s)
	if err != nil {
		return err
	}
	form := url.Values{"logout_token": {token}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.uri, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxBody))
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("devprovider: %s answered %s", b.uri, res.Status)
	}
	return nil
}

// token is a logout token for s (section 2.4), signed with the key of ID tokens. The
// library's own signer would say that it is of type JWT.
func (b *backChannel) token(s session) (string, error) {
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: b.key.SignatureAlgorithm(), Key: jose.JSONWebKey{Key: b.key.Key(), KeyID: b.key.ID()}},
		(&jose.SignerOptions{}).WithType(logoutTokenType))
	if err != nil {
		return "", fmt.Errorf("devprovider: logout token: %w", err)
	}
	return crypto.Sign(oidc.NewLogoutTokenClaims(b.issuer, s.subject, oidc.Audience{b.clientID},
		time.Now().Add(logoutTokenLifetime), rand.Text(), s.id, 0), signer)
}
