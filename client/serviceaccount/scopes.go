package serviceaccount

import (
	"errors"
	"slices"

	"gatehouse/core/bearer"
)

// Scopes of ZITADEL.
const (
	scopeOpenID   = "openid"
	prefixRole    = "urn:zitadel:iam:org:project:role:"
	prefixProject = "urn:zitadel:iam:org:project:id:"
	suffixProject = ":aud"
	zitadelAPI    = "zitadel"
)

// ErrScope: a role, project or scope is empty or has a character that scopes cannot have
// (RFC 6749, section 3.3).
var ErrScope = errors.New("serviceaccount: invalid scope")

// Scopes is what a token is for. "openid" is always asked for.
type Scopes struct {
	// APIAccess makes the token good for ZITADEL's own API.
	APIAccess bool
	// Roles are keys of roles to be asserted.
	Roles []string
	// ProjectAudiences are ids of projects that the token is meant for.
	ProjectAudiences []string
	// Further scopes as they are.
	Further []string
}

// list returns each scope once.
func (s Scopes) list() ([]string, error) {
	all := []string{scopeOpenID}
	add := func(prefix, name, suffix string) bool {
		scope := prefix + name + suffix
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
		return bearer.ValidScope(name)
	}
	ok := true
	for _, role := range s.Roles {
		ok = add(prefixRole, role, "") && ok
	}
	for _, id := range s.ProjectAudiences {
		ok = add(prefixProject, id, suffixProject) && ok
	}
	for _, scope := range s.Further {
		ok = add("", scope, "") && ok
	}
	if s.APIAccess {
		add(prefixProject, zitadelAPI, suffixProject)
	}
	if !ok {
		return nil, ErrScope
	}
	return all, nil
}
