// Package identity is who a request was made by: what the provider asserted about
// the subject, in the form that sessions keep and applications receive.
package identity

import (
	"context"
	"maps"
	"slices"
)

// Identity is an authenticated subject. Empty fields were not asserted.
type Identity struct {
	Issuer            string `json:"iss"`
	Subject           string `json:"sub"`
	Username          string `json:"username,omitempty"`
	Name              string `json:"name,omitempty"`
	GivenName         string `json:"given_name,omitempty"`
	FamilyName        string `json:"family_name,omitempty"`
	PreferredUsername string `json:"preferred_username,omitempty"`
	Email             string `json:"email,omitempty"`
	// EmailVerified is nil when the provider said nothing or something other
	// than a JSON boolean.
	EmailVerified *bool  `json:"email_verified,omitempty"`
	Locale        string `json:"locale,omitempty"`
	// Groups is the configured groups claim.
	Groups []string `json:"groups,omitempty"`
	// Roles is the configured roles claim.
	Roles []string `json:"roles,omitempty"`
	// ProjectRoles is ZITADEL's role -> organisation id -> primary domain.
	ProjectRoles map[string]map[string]string `json:"project_roles,omitempty"`
	// Metadata is ZITADEL's user metadata, decoded.
	Metadata map[string]string `json:"metadata,omitempty"`
}

// RoleNames returns the names of all roles, of either kind, sorted and each once.
func (id *Identity) RoleNames() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(id.Roles), maps.Keys(id.ProjectRoles)))))
}

type contextKey struct{}

// WithContext returns ctx carrying id.
func WithContext(ctx context.Context, id *Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// FromContext returns the identity that the gateway established for the request,
// and false when there is none.
func FromContext(ctx context.Context) (*Identity, bool) {
	id, ok := ctx.Value(contextKey{}).(*Identity)
	return id, ok && id != nil
}
