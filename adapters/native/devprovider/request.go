package devprovider

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authRequest implements op.AuthRequest. A value is not changed once the storage has
// handed out a pointer to it; a login replaces it.
type authRequest struct {
	id      string
	params  oidc.AuthRequest
	hinted  string // subject of id_token_hint
	session session
	done    bool
}

func (a *authRequest) GetID() string                      { return a.id }
func (a *authRequest) GetACR() string                     { return "" }
func (a *authRequest) GetAMR() []string                   { return authMethods }
func (a *authRequest) GetAudience() []string              { return []string{a.params.ClientID} }
func (a *authRequest) GetAuthTime() time.Time             { return a.session.authTime }
func (a *authRequest) GetClientID() string                { return a.params.ClientID }
func (a *authRequest) GetNonce() string                   { return a.params.Nonce }
func (a *authRequest) GetRedirectURI() string             { return a.params.RedirectURI }
func (a *authRequest) GetResponseType() oidc.ResponseType { return a.params.ResponseType }
func (a *authRequest) GetResponseMode() oidc.ResponseMode { return a.params.ResponseMode }
func (a *authRequest) GetScopes() []string                { return a.params.Scopes }
func (a *authRequest) GetState() string                   { return a.params.State }
func (a *authRequest) GetSubject() string                 { return a.session.subject }
func (a *authRequest) Done() bool                         { return a.done }
func (a *authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: a.params.CodeChallenge, Method: oidc.CodeChallengeMethodS256}
}

func (a *authRequest) prompts(value string) bool { return slices.Contains(a.params.Prompt, value) }

// satisfiedBy reports whether a browser's session answers the request without asking
// for the password. The library turns prompt=login into max_age=0.
func (a *authRequest) satisfiedBy(s session) bool {
	if a.prompts(oidc.PromptLogin) || a.prompts(oidc.PromptSelectAccount) {
		return false
	}
	if a.hinted != "" && a.hinted != s.subject {
		return false
	}
	maxAge := a.params.MaxAge
	return maxAge == nil || time.Since(s.authTime) < time.Duration(*maxAge)*time.Second
}

// code is an authorization code's record. It outlives its use, so that a second use
// is noticed.
type code struct {
	request authRequest
	used    bool
}

var (
	errRequest = errors.New("devprovider: unknown or expired request")
	errCode    = errors.New("devprovider: unknown, expired or used code")
)

// CreateAuthRequest implements op.AuthStorage. PKCE with S256 is required, so that a
// client which forgets it fails here and not in production.
func (s *storage) CreateAuthRequest(_ context.Context, params *oidc.AuthRequest, hinted string) (op.AuthRequest, error) {
	if params.CodeChallenge == "" || params.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with code_challenge_method S256 is required")
	}
	a := authRequest{id: rand.Text(), params: *params, hinted: hinted}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests.put(a.id, a, time.Now().Add(requestLifetime))
	return &a, nil
}

// AuthRequestByID implements op.AuthStorage.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	a, err := s.request(id)
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (s *storage) request(id string) (*authRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.requests.get(id)
	if !ok {
		return nil, errRequest
	}
	return &e.value, nil
}

// finish records who signed in. A request is finished once.
func (s *storage) finish(id string, by session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.requests.get(id)
	if !ok || e.value.done {
		return errRequest
	}
	e.value.session, e.value.done = by, true
	s.requests.put(id, e.value, e.ends)
	return nil
}

// SaveAuthCode implements op.AuthStorage. The request is over: the code carries it on.
func (s *storage) SaveAuthCode(_ context.Context, id, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.requests.take(id)
	if !ok || !e.value.done {
		return errRequest
	}
	s.codes.put(value, code{request: e.value}, time.Now().Add(codeLifetime))
	return nil
}

// AuthRequestByCode implements op.AuthStorage. A code works once, whether or not the
// rest of the token request is right; a second use revokes what the first one gave
// (RFC 6749, section 4.1.2).
func (s *storage) AuthRequestByCode(_ context.Context, value string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.codes.get(value)
	if !ok {
		return nil, errCode
	}
	if e.value.used {
		s.revokeGrant(e.value.request.id)
		return nil, errCode
	}
	e.value.used = true
	s.codes.put(value, e.value, e.ends)
	return &e.value.request, nil
}

// DeleteAuthRequest implements op.AuthStorage.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests.take(id)
	return nil
}
