package identity

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"

	"gatehouse/core/strictjson"
)

// Limits of claims that describe, and of the one that decides.
const (
	maxClaim  = 4 << 10
	maxGroups = 10_000
	// maxSubject is OpenID Connect Core 1.0, section 2.
	maxSubject = 255
)

// ZITADEL's claims.
const (
	zitadelRoles    = "urn:zitadel:iam:org:project:roles"
	zitadelProject  = "urn:zitadel:iam:org:project:"
	zitadelMetadata = "urn:zitadel:iam:user:metadata"
)

// Mapping says which claims of a provider's own make groups and roles.
type Mapping struct {
	// GroupsClaim names the claim of the groups; empty means none.
	GroupsClaim string
	// RolesClaim names the claim of the roles; empty means none besides ZITADEL's.
	RolesClaim string
	// ProjectID is the ZITADEL project whose roles are read.
	ProjectID string
}

// FromClaims maps claims that are verified already to an identity. A claim that is of the wrong type, longer than maxClaim or has control
// characters counts as not asserted. reason is not empty when there are too many
// groups or roles: a part of them would be a different authorisation.
func FromClaims(claims strictjson.Object, m Mapping) (id Identity, reason string) {
	id.Issuer, _ = claims.Text("iss")
	id.Subject, _ = claims.Text("sub")
	id.Name = Describing(claims, "name")
	id.GivenName = Describing(claims, "given_name")
	id.FamilyName = Describing(claims, "family_name")
	id.PreferredUsername = Describing(claims, "preferred_username")
	id.Email = Describing(claims, "email")
	id.Locale = Describing(claims, "locale")
	if id.Username = id.PreferredUsername; id.Username == "" {
		id.Username = Describing(claims, "username")
	}
	if verified, ok := claims.Flag("email_verified"); ok {
		id.EmailVerified = &verified
	}
	var ok bool
	if id.Groups, ok = names(claims, m.GroupsClaim); !ok {
		return Identity{}, "too many groups"
	}
	if id.Roles, ok = names(claims, m.RolesClaim); !ok {
		return Identity{}, "too many roles"
	}
	if id.ProjectRoles, ok = projectRoles(claims, m.ProjectID); !ok {
		return Identity{}, "too many roles"
	}
	id.Metadata = metadataOf(claims)
	return id, ""
}

// Describing returns a claim that may describe a user in a header or a page, else "".
func Describing(claims strictjson.Object, name string) string {
	s, _ := claims.Text(name)
	if !plain(s) {
		return ""
	}
	return s
}

// plain reports whether s may describe a user in a header or a page.
func plain(s string) bool { return len(s) <= maxClaim && !hasControl(s) }

// ValidSubject reports whether s can identify a user. U+FFFD stands for what could
// not be decoded, so that two users might share it.
func ValidSubject(s string) bool {
	return s != "" && len(s) <= maxSubject && !hasControl(s) && !strings.ContainsRune(s, '\uFFFD')
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// names reads an array of strings, or one string, such as groups. Entries that are
// neither are left out.
func names(claims strictjson.Object, name string) (all []string, ok bool) {
	if name == "" {
		return nil, true
	}
	if one, is := claims.Text(name); is {
		if one != "" && plain(one) {
			all = []string{one}
		}
		return all, true
	}
	items, _ := claims.List(name)
	if len(items) > maxGroups {
		return nil, false
	}
	for _, item := range items {
		if s, is := strictjson.TextOf(item); is && s != "" && plain(s) {
			all = append(all, s)
		}
	}
	return all, true
}

// projectRoles reads ZITADEL's roles: of the project if it has a claim of its own,
// else of the client's project, unless other projects have claims of their own: then
// the client's project is one of them, and its roles are not the project's. The claim is an object role -> organisation id ->
// primary domain, or an array of such objects.
func projectRoles(claims strictjson.Object, projectID string) (roles map[string]map[string]string, ok bool) {
	name := zitadelRoles
	if own := zitadelProject + projectID + ":roles"; projectID != "" && (claims.Has(own) || namesProjects(claims)) {
		name = own
	}
	parts, isList := claims.List(name)
	if !isList {
		parts = []json.RawMessage{claims[name]}
	}
	for _, part := range parts {
		byRole, err := strictjson.Parse(part)
		if err != nil {
			continue
		}
		for role, raw := range byRole {
			granted, err := strictjson.Parse(raw)
			if err != nil || role == "" || !plain(role) {
				continue
			}
			for org := range granted {
				domain, is := granted.Text(org)
				if !is || !plain(org) || !plain(domain) {
					continue
				}
				if roles == nil {
					roles = map[string]map[string]string{}
				}
				if roles[role] == nil {
					roles[role] = map[string]string{}
				}
				roles[role][org] = domain
			}
		}
		if len(roles) > maxGroups {
			return nil, false
		}
	}
	return roles, true
}

// namesProjects reports whether some project has a claim of its own.
func namesProjects(claims strictjson.Object) bool {
	for name := range claims {
		if id, ok := strings.CutPrefix(name, zitadelProject); ok && id != "roles" && strings.HasSuffix(id, ":roles") && claims.Has(name) {
			return true
		}
	}
	return false
}

// metadataOf reads ZITADEL's user metadata: an object of base64 values, in either
// alphabet, padded or not. Line breaks are part of such texts.
func metadataOf(claims strictjson.Object) map[string]string {
	entries, err := strictjson.Parse(claims[zitadelMetadata])
	if err != nil {
		return nil
	}
	var decoded map[string]string
	for key := range entries {
		encoded, ok := entries.Text(key)
		if !ok || key == "" || !plain(key) {
			continue
		}
		value, ok := decodeMetadata(encoded)
		if !ok {
			continue
		}
		if decoded == nil {
			decoded = map[string]string{}
		}
		decoded[key] = value
	}
	return decoded
}

var lineBreaks = strings.NewReplacer("\r", "", "\n", "", "\t", "")

func decodeMetadata(encoded string) (string, bool) {
	encoded = strings.TrimRight(encoded, "=")
	encoded = strings.NewReplacer("-", "+", "_", "/").Replace(encoded)
	raw, err := base64.RawStdEncoding.DecodeString(encoded)
	value := string(raw)
	return value, err == nil && plain(lineBreaks.Replace(value)) && strings.ToValidUTF8(value, "") == value && len(value) <= maxClaim
}
