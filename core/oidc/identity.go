package oidc

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"

	"gatehouse/core/identity"
)

// Limits of claims that describe.
const (
	maxClaim  = 4 << 10
	maxGroups = 10_000
)

// ZITADEL's claims.
const (
	zitadelRoles    = "urn:zitadel:iam:org:project:roles"
	zitadelProject  = "urn:zitadel:iam:org:project:"
	zitadelMetadata = "urn:zitadel:iam:user:metadata"
)

// identityOf maps claims of a verified ID token, with userinfo merged in, to an
// identity. A claim that is of the wrong type, longer than maxClaim or has control
// characters counts as not asserted. reason is not empty when there are too many
// groups or roles: a part of them would be a different authorisation.
func (p *Provider) identityOf(claims object) (id identity.Identity, reason string) {
	id.Issuer, _ = claims.text("iss")
	id.Subject, _ = claims.text("sub")
	id.Name = describing(claims, "name")
	id.GivenName = describing(claims, "given_name")
	id.FamilyName = describing(claims, "family_name")
	id.PreferredUsername = describing(claims, "preferred_username")
	id.Email = describing(claims, "email")
	id.Locale = describing(claims, "locale")
	if id.Username = id.PreferredUsername; id.Username == "" {
		id.Username = describing(claims, "username")
	}
	if verified, ok := claims.flag("email_verified"); ok {
		id.EmailVerified = &verified
	}
	var ok bool
	if id.Groups, ok = groups(claims, p.o.GroupsClaim); !ok {
		return identity.Identity{}, "too many groups"
	}
	if id.ProjectRoles, ok = projectRoles(claims, p.o.ProjectID); !ok {
		return identity.Identity{}, "too many roles"
	}
	id.Metadata = metadataOf(claims)
	return id, ""
}

func describing(claims object, name string) string {
	s, _ := claims.text(name)
	if !plain(s) {
		return ""
	}
	return s
}

// plain reports whether s may describe a user in a header or a page.
func plain(s string) bool { return len(s) <= maxClaim && !hasControl(s) }

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// groups reads an array of strings, or one string. Entries that are neither are left
// out.
func groups(claims object, name string) (all []string, ok bool) {
	if name == "" {
		return nil, true
	}
	if one, is := claims.text(name); is {
		if one != "" && plain(one) {
			all = []string{one}
		}
		return all, true
	}
	items, _ := claims.list(name)
	if len(items) > maxGroups {
		return nil, false
	}
	for _, item := range items {
		if s, is := textOf(item); is && s != "" && plain(s) {
			all = append(all, s)
		}
	}
	return all, true
}

// projectRoles reads ZITADEL's roles: of the project if it has a claim of its own,
// else of the client's project. The claim is an object role -> organisation id ->
// primary domain, or an array of such objects.
func projectRoles(claims object, projectID string) (roles map[string]map[string]string, ok bool) {
	name := zitadelRoles
	if own := zitadelProject + projectID + ":roles"; projectID != "" && claims.has(own) {
		name = own
	}
	parts, isList := claims.list(name)
	if !isList {
		parts = []json.RawMessage{claims[name]}
	}
	for _, part := range parts {
		byRole, err := parseObject(part)
		if err != nil {
			continue
		}
		for role, raw := range byRole {
			granted, err := parseObject(raw)
			if err != nil || role == "" || !plain(role) {
				continue
			}
			for org := range granted {
				domain, is := granted.text(org)
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

// metadataOf reads ZITADEL's user metadata: an object of base64 values, in either
// alphabet, padded or not. Line breaks are part of such texts.
func metadataOf(claims object) map[string]string {
	entries, err := parseObject(claims[zitadelMetadata])
	if err != nil {
		return nil
	}
	var decoded map[string]string
	for key := range entries {
		encoded, ok := entries.text(key)
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
