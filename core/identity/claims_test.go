package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"gatehouse/core/strictjson"
)

const testIssuer = "https://op.example.com"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestIdentities(t *testing.T) {
	type vector struct {
		Name, Comment, Project string
		RolesClaim             string `json:"roles_claim"`
		Claims, Expect         map[string]any
	}
	var vectors []vector
	d := json.NewDecoder(bytes.NewReader(must(os.ReadFile("testdata/identities.json"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("%d vectors, error %v", len(vectors), err)
	}
	for _, c := range vectors {
		t.Run(c.Name, func(t *testing.T) {
			c.Claims["iss"], c.Claims["sub"] = testIssuer, "1"
			c.Expect["iss"], c.Expect["sub"] = testIssuer, "1"
			id, reason := FromClaims(must(strictjson.Parse(must(json.Marshal(c.Claims)))), Mapping{"groups", c.RolesClaim, c.Project})
			if reason != "" {
				t.Fatal(reason)
			}
			var got any
			if err := json.Unmarshal(must(json.Marshal(id)), &got); err != nil {
				t.Fatal(err)
			}
			want := string(must(json.Marshal(c.Expect)))
			if text := string(must(json.Marshal(got))); text != want {
				t.Errorf("got  %s\nwant %s (%s)", text, want, c.Comment)
			}
		})
	}
}

func TestLimitsOfClaims(t *testing.T) {
	identity := func(claims map[string]any) (string, int, int, string) {
		id, reason := FromClaims(must(strictjson.Parse(must(json.Marshal(claims)))), Mapping{GroupsClaim: "groups", RolesClaim: "roles"})
		return id.Name, len(id.Groups), len(id.ProjectRoles) + len(id.Roles), reason
	}
	many := func(n int) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprint("g", i)
		}
		return all
	}
	roles := func(n int) map[string]any {
		all := map[string]any{}
		for _, name := range many(n) {
			all[name] = map[string]string{"1": "x"}
		}
		return all
	}
	for _, c := range []struct {
		name          string
		claims        map[string]any
		nameSize      int
		groups, roles int
		reason        string
	}{
		{"name of 4 KiB", map[string]any{"name": strings.Repeat("x", maxClaim)}, maxClaim, 0, 0, ""},
		{"name of more", map[string]any{"name": strings.Repeat("x", maxClaim+1)}, 0, 0, 0, ""},
		{"group of 4 KiB and one of more", map[string]any{"groups": []string{strings.Repeat("x", maxClaim), strings.Repeat("x", maxClaim+1)}}, 0, 1, 0, ""},
		{"10,000 groups", map[string]any{"groups": many(maxGroups)}, 0, maxGroups, 0, ""},
		{"10,001 groups", map[string]any{"groups": many(maxGroups + 1)}, 0, 0, 0, "too many groups"},
		{"10,000 roles", map[string]any{zitadelRoles: roles(maxGroups)}, 0, 0, maxGroups, ""},
		{"10,000 roles in a list", map[string]any{"roles": many(maxGroups)}, 0, 0, maxGroups, ""},
		{"10,001 roles in a list", map[string]any{"roles": many(maxGroups + 1)}, 0, 0, 0, "too many roles"},
		{"10,001 roles", map[string]any{zitadelRoles: roles(maxGroups + 1)}, 0, 0, 0, "too many roles"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, groups, roles, reason := identity(c.claims)
			if len(name) != c.nameSize || groups != c.groups || roles != c.roles || reason != c.reason {
				t.Errorf("name of %d bytes, %d groups, %d roles, %q", len(name), groups, roles, reason)
			}
		})
	}
}

func TestNoClaimConfigured(t *testing.T) {
	if id, _ := FromClaims(must(strictjson.Parse([]byte(`{"":["a"],"groups":["b"],"roles":["c"]}`))), Mapping{}); id.Groups != nil || id.Roles != nil {
		t.Errorf("groups are %q, roles %q", id.Groups, id.Roles)
	}
}
