package devprovider

import (
	"context"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

const (
	scopeGroups       = "groups"
	scopeProjectRoles = "urn:zitadel:iam:org:projects:roles"

	claimSessionID    = "sid"
	claimGroups       = "groups"
	claimProjectRoles = "urn:zitadel:iam:org:project:roles"

	// Organisation in role claims, in ZITADEL's form: role -> organisation id ->
	// primary domain.
	organisationID     = "200000000000000001"
	organisationDomain = "localhost"
)

// userinfo returns the claims that a scope list allows. Role and group claims are
// always there, as ZITADEL has it for a project that asserts roles.
func (s *storage) userinfo(subject string, scopes []string) (*oidc.UserInfo, error) {
	u, ok := s.users.bySubject(subject)
	if !ok {
		return nil, errToken
	}
	info := &oidc.UserInfo{Subject: u.Subject}
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.PreferredUsername = u.Username
		info.Name, info.GivenName, info.FamilyName = u.Name, u.GivenName, u.FamilyName
		info.Locale = oidc.NewLocale(language.English)
	}
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = u.Email, u.Email != ""
	}
	appendRoles(info, u)
	appendGroups(info, u)
	return info, nil
}

func appendRoles(info *oidc.UserInfo, u User) {
	if len(u.Roles) == 0 {
		return
	}
	roles := make(map[string]map[string]string)
	for _, role := range u.Roles {
		roles[role] = map[string]string{organisationID: organisationDomain}
	}
	info.AppendClaims(claimProjectRoles, roles)
}

// appendGroups sets the roles as a plain array, empty when there are none.
func appendGroups(info *oidc.UserInfo, u User) {
	info.AppendClaims(claimGroups, append([]string{}, u.Roles...))
}

// SetUserinfoFromToken implements op.OPStorage, for the userinfo endpoint.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, id, _, _ string) error {
	t, err := s.accessToken(id)
	if err != nil {
		return err
	}
	claims, err := s.userinfo(t.value.session.subject, t.value.scopes)
	if err != nil {
		return err
	}
	*info = *claims
	return nil
}

// SetIntrospectionFromToken implements op.OPStorage. The library sends what was set
// even when the token turns out to be inactive, so nothing is set before that is known.
func (s *storage) SetIntrospectionFromToken(ctx context.Context, r *oidc.IntrospectionResponse, id, subject, clientID string) error {
	t, err := s.accessToken(id)
	if err != nil {
		return err
	}
	if t.value.clientID != clientID || t.value.session.subject != subject {
		return errToken
	}
	claims, err := s.userinfo(subject, t.value.scopes)
	if err != nil {
		return err
	}
	r.SetUserInfo(claims)
	r.Scope = t.value.scopes
	r.ClientID = t.value.clientID
	r.TokenType = oidc.BearerToken
	r.Expiration = oidc.FromTime(t.ends)
	r.IssuedAt = oidc.FromTime(t.value.issued)
	r.AuthTime = oidc.FromTime(t.value.session.authTime)
	r.Audience = oidc.Audience{t.value.clientID}
	r.Issuer = op.IssuerFromContext(ctx)
	r.JWTID = id
	return nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest, for the ID token:
// the session's id, and roles and groups if their scopes were asked for. The library
// has removed profile and email from scopes. It also overwrites the token's sub with
// what is set here.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	u, ok := s.users.bySubject(request.GetSubject())
	if !ok {
		return errToken
	}
	info.Subject = u.Subject
	switch r := request.(type) {
	case *authRequest:
		info.AppendClaims(claimSessionID, r.session.id)
	case *refreshRequest:
		info.AppendClaims(claimSessionID, r.session.id)
	}
	if slices.Contains(scopes, scopeProjectRoles) {
		appendRoles(info, u)
	}
	if slices.Contains(scopes, scopeGroups) {
		appendGroups(info, u)
	}
	return nil
}

// SetUserinfoFromScopes implements op.OPStorage; SetUserinfoFromRequest replaces it.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// GetPrivateClaimsFromScopes implements op.OPStorage, for JWT access tokens, which
// are not issued.
func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}
