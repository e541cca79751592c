package oidc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestIdentities(t *testing.T) {
	type vector struct {
		Name, Comment, Project string
		Claims, Expect         map[string]any
	}
	for _, c := range vectors[vector](t, "identities.json") {
		t.Run(c.Name, func(t *testing.T) {
			p := newFake(t).provider(func(o *Options) { o.ProjectID = c.Project })
			c.Claims["iss"], c.Claims["sub"] = testIssuer, "1"
			c.Expect["iss"], c.Expect["sub"] = testIssuer, "1"
			id, reason := p.identityOf(must(parseObject(must(json.Marshal(c.Claims)))))
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
	p := newFake(t).provider(nil)
	identity := func(claims map[string]any) (string, int, int, string) {
		id, reason := p.identityOf(must(parseObject(must(json.Marshal(claims)))))
		return id.Name, len(id.Groups), len(id.ProjectRoles), reason
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

func TestNoGroupsClaimConfigured(t *testing.T) {
	p := newFake(t).provider(func(o *Options) { o.GroupsClaim = "" })
	if id, _ := p.identityOf(must(parseObject([]byte(`{"":["a"],"groups":["b"]}`)))); id.Groups != nil {
		t.Errorf("groups are %q", id.Groups)
	}
}
