package gateway

import (
	"net/http"

	"gatehouse/core/exchange"
	"gatehouse/core/identity"
	"gatehouse/core/problem"
)

// whoami is GET /api/whoami: who the caller is, as JSON.
func (g *Gateway) whoami(x *exchange.Exchange) {
	who, ok := g.authenticate(x)
	if !ok {
		return
	}
	if who == nil {
		g.Refuse(x, problem.LoginRequired)
		return
	}
	x.WriteJSON(http.StatusOK, describe(who.identity))
}

// description has every key always; unknown values are null.
type description struct {
	UserID            string                       `json:"user_id"`
	Username          *string                      `json:"username"`
	Name              *string                      `json:"name"`
	GivenName         *string                      `json:"given_name"`
	FamilyName        *string                      `json:"family_name"`
	PreferredUsername *string                      `json:"preferred_username"`
	Email             *string                      `json:"email"`
	EmailVerified     *bool                        `json:"email_verified"`
	Locale            *string                      `json:"locale"`
	ProjectRoles      map[string]map[string]string `json:"project_roles"`
	Metadata          map[string]string            `json:"metadata"`
}

func describe(id *identity.Identity) description {
	known := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return description{
		UserID: id.Subject, Username: known(id.Username), Name: known(id.Name),
		GivenName: known(id.GivenName), FamilyName: known(id.FamilyName),
		PreferredUsername: known(id.PreferredUsername), Email: known(id.Email),
		EmailVerified: id.EmailVerified, Locale: known(id.Locale),
		ProjectRoles: id.ProjectRoles, Metadata: id.Metadata,
	}
}

// assertionKeys is GET /api/keys: the keys that verify X-Gatehouse-Assertion
// (RFC 7517).
func (g *Gateway) assertionKeys(x *exchange.Exchange) {
	x.Write(http.StatusOK, "application/jwk-set+json", g.Assertion.JWKS())
}
