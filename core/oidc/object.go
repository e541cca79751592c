package oidc

import (
	"strings"

	"gatehouse/core/identity"
	"gatehouse/core/strictjson"
)

// object is every document and token from outside.
type object = strictjson.Object

func parseObject(data []byte) (object, error) { return strictjson.Parse(data) }

// mapping is how claims become an identity.
func (o *Options) mapping() identity.Mapping {
	return identity.Mapping{GroupsClaim: o.GroupsClaim, RolesClaim: o.RolesClaim, ProjectID: o.ProjectID}
}

// printable bounds text from outside for a log record or an error: visible ASCII and
// spaces, at most limit bytes.
func printable(s string, limit int) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < limit; i++ {
		if c := s[i]; c >= 0x20 && c < 0x7f {
			b.WriteByte(c)
		} else {
			b.WriteByte('?')
		}
	}
	return b.String()
}
