package devprovider

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// token is the record of an access or a refresh token.
type token struct {
	grant    string // id of the auth request that led to it
	clientID string
	scopes   []string
	session  session
	issued   time.Time
}

// refreshRequest implements op.RefreshTokenRequest. It must not implement
// op.AuthRequest: the library tells them apart by their methods.
type refreshRequest struct {
	token
	scopes []string // those of this request, a part of the token's
}

func (r *refreshRequest) GetAMR() []string                 { return authMethods }
func (r *refreshRequest) GetAudience() []string            { return []string{r.clientID} }
func (r *refreshRequest) GetAuthTime() time.Time           { return r.session.authTime }
func (r *refreshRequest) GetClientID() string              { return r.clientID }
func (r *refreshRequest) GetScopes() []string              { return r.scopes }
func (r *refreshRequest) GetSubject() string               { return r.session.subject }
func (r *refreshRequest) SetCurrentScopes(scopes []string) { r.scopes = scopes }

var errToken = errors.New("devprovider: unknown, expired or revoked token")

// tokensFor describes the access token and the refresh token that a request leads to.
// A refresh token keeps its scope when one access token is asked for with less
// (RFC 6749, section 6).
func tokensFor(request op.TokenRequest) (access, refresh token, err error) {
	switch r := request.(type) {
	case *authRequest:
		access = token{r.id, r.params.ClientID, r.params.Scopes, r.session, time.Now()}
		return access, access, nil
	case *refreshRequest:
		refresh = r.token
		refresh.issued = time.Now()
		access = refresh
		access.scopes = r.scopes
		return access, refresh, nil
	}
	return token{}, token{}, oidc.ErrUnsupportedGrantType()
}

func (s *storage) putAccess(t token) (id string, ends time.Time) {
	id, ends = rand.Text(), t.issued.Add(s.accessTokens)
	s.access.put(id, t, ends)
	return id, ends
}

// CreateAccessToken implements op.AuthStorage.
func (s *storage) CreateAccessToken(_ context.Context, request op.TokenRequest) (string, time.Time, error) {
	access, _, err := tokensFor(request)
	if err != nil {
		return "", time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ends := s.putAccess(access)
	return id, ends, nil
}

// CreateAccessAndRefreshTokens implements op.AuthStorage. A refresh token works once:
// of two requests with the same one the second fails. The previous access token works
// on until it expires.
func (s *storage) CreateAccessAndRefreshTokens(_ context.Context, request op.TokenRequest, current string) (string, string, time.Time, error) {
	access, refresh, err := tokensFor(request)
	if err != nil {
		return "", "", time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if current != "" {
		if _, ok := s.refresh.take(current); !ok {
			return "", "", time.Time{}, oidc.ErrInvalidGrant().WithParent(errToken)
		}
	}
	id, ends := s.putAccess(access)
	next := rand.Text()
	s.refresh.put(next, refresh, refresh.issued.Add(refreshTokenLifetime))
	return id, next, ends, nil
}

// TokenRequestByRefreshToken implements op.AuthStorage.
func (s *storage) TokenRequestByRefreshToken(_ context.Context, value string) (op.RefreshTokenRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.refresh.get(value)
	if !ok {
		return nil, errToken
	}
	return &refreshRequest{e.value, e.value.scopes}, nil
}

// GetRefreshTokenInfo implements op.AuthStorage.
func (s *storage) GetRefreshTokenInfo(_ context.Context, _, value string) (subject, id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.refresh.get(value)
	if !ok {
		return "", "", op.ErrInvalidRefreshToken
	}
	return e.value.session.subject, value, nil
}

// RevokeToken implements op.AuthStorage. A refresh token takes its access tokens with
// it (RFC 7009, section 2.1).
func (s *storage) RevokeToken(_ context.Context, idOrToken, _, clientID string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.access.get(idOrToken); ok && e.value.clientID == clientID {
		s.access.take(idOrToken)
	}
	if e, ok := s.refresh.get(idOrToken); ok && e.value.clientID == clientID {
		s.revokeGrant(e.value.grant)
	}
	return nil
}

// revokeGrant removes every token that one authorization led to. The caller holds mu.
func (s *storage) revokeGrant(grant string) {
	of := func(t token) bool { return t.grant == grant }
	s.access.deleteFunc(of)
	s.refresh.deleteFunc(of)
}

// accessToken returns a live token's record and when it ends.
func (s *storage) accessToken(id string) (entry[token], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.access.get(id)
	if !ok {
		return entry[token]{}, &oidc.Error{ErrorType: "invalid_token", Description: errToken.Error()}
	}
	return e, nil
}
