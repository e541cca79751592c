package access

import (
	"encoding/json"
	"slices"
	"time"

	"gatehouse/core/stepup"
)

// requirement is a list of alternatives, each a list of terms that all have to hold.
// One alternative without terms holds for everybody, no alternative for nobody.
type requirement [][]term

func (r requirement) holds(who *Subject) bool {
	return slices.ContainsFunc(r, func(all []term) bool {
		for i := range all {
			if !all[i].holds(who) {
				return false
			}
		}
		return true
	})
}

func (r requirement) anybody() bool { return len(r) == 1 && len(r[0]) == 0 }

// Kinds of terms, as they are written.
const (
	kindRole          = "role"
	kindGroup         = "group"
	kindEmail         = "email"
	kindEmailDomain   = "email-domain"
	kindVerifiedEmail = "verified-email"
	kindScope         = "scope"
	kindClaim         = "claim"
	kindACR           = "acr"
	kindMaxAge        = "max-age"
)

// term is one thing that a user has to have. Terms are comparable.
type term struct {
	kind  string
	name  string // of a claim; of an address the local part
	value string
	want  valueType // of a claim
	// number is value, if it is a number.
	number float64
	// age is value, if it is a duration.
	age time.Duration
}

// valueType is the JSON type that a claim has to have: a provider's "true" is not
// its true.
type valueType int

const (
	wantText valueType = iota
	wantNumber
	wantTrue
	wantFalse
)

// maxExact bounds whole numbers that a float64 tells from their neighbours.
const maxExact = 1 << 53

func (t *term) holds(who *Subject) bool {
	id := who.Identity
	switch t.kind {
	case kindRole:
		return slices.Contains(id.Roles, t.value) || len(id.ProjectRoles[t.value]) > 0
	case kindGroup:
		return slices.Contains(id.Groups, t.value)
	case kindEmail:
		return hasAddress(id, t.name, t.value)
	case kindEmailDomain:
		return inDomain(id, t.value)
	case kindVerifiedEmail:
		_, _, ok := verifiedAddress(id)
		return ok
	case kindScope:
		return slices.Contains(who.Scopes, t.value)
	case kindClaim:
		return t.holdsFor(who.Claims[t.name])
	case kindACR:
		return who.Login.ACR == t.value
	case kindMaxAge:
		return stepup.Demand{MaxAge: t.age}.Unmet(who.Login, who.Now, who.Skew) == ""
	}
	return false
}

// holdsFor compares a claim, or the items of one that is an array. Objects, null and
// arrays in arrays never hold.
func (t *term) holdsFor(claim any) bool {
	switch list := claim.(type) {
	case []any:
		return slices.ContainsFunc(list, t.equals)
	case []string:
		return t.want == wantText && slices.Contains(list, t.value)
	}
	return t.equals(claim)
}

func (t *term) equals(value any) bool {
	switch v := value.(type) {
	case string:
		return t.want == wantText && v == t.value
	case bool:
		return v && t.want == wantTrue || !v && t.want == wantFalse
	case float64:
		return t.want == wantNumber && v == t.number
	case json.Number:
		n, err := v.Float64()
		return t.want == wantNumber && err == nil && n == t.number
	}
	return false
}
