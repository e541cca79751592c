package access_test

import (
	"testing"
	"time"

	"gatehouse/core/access"
	"gatehouse/core/identity"
)

// Whatever the text, there are rules that leave no request undecided and that read
// back as themselves, or mistakes that name their lines.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		guide, "* /* any", "* /a deny; * /* any;", "# c\n\"", "OPTIONS /a preflight\n* /* deny",
		`* /* group="a;b\"\\" & claim:"x y"=-0.5 | claim:z=true | email=A@b.C & verified-email`,
		"GET,PUT /a/*/b/*/ scope=x:y\n* /* role=é", "* /*/ claim:a=\"1e3\"\n* /* claim:a=1e3", "* /a(b any", "GET /a group=x && group=y",
		"* /a acr=gold & max-age=5m | group=staff & acr=urn:x; * /A acr=urn:x; * /* max-age=1h30m", "* /a acr=a & acr=b",
	} {
		f.Add(text, "GET", "/a;b/c")
	}
	f.Fuzz(func(t *testing.T, text, method, path string) {
		rules, err := access.Parse(text)
		if err != nil {
			all, ok := err.(access.Errors)
			if !ok || len(all) == 0 || rules != nil {
				t.Fatalf("rules %v with error %v", rules, err)
			}
			for _, e := range all {
				if e.Problem == "" || e.Line < 0 || len(e.Problem) > 400 {
					t.Fatalf("error %+v", e)
				}
			}
			return
		}
		again, err := access.Parse(rules.String())
		if err != nil || again.String() != rules.String() {
			t.Fatalf("%q becomes %q, then %q, %v", text, rules, again, err)
		}
		verified := true
		who := access.Subject{
			Identity: &identity.Identity{Email: "alice@example.com", EmailVerified: &verified, Groups: []string{"staff", "é"}},
			Scopes:   []string{"x:y"}, Claims: map[string]any{"a": 1000.0, "z": []any{true}},
		}
		d := rules.Decide(method, path, who)
		if !d.Demand.Empty() {
			// Who meets the demand gets through.
			met := who
			met.Now = time.Unix(1_800_000_000, 0)
			met.Login.Time = met.Now.Add(-d.Demand.MaxAge)
			for _, acr := range append(d.Demand.ACR, "") {
				if met.Login.ACR = acr; acr == "" && len(d.Demand.ACR) > 0 {
					continue
				}
				if again := rules.Decide(method, path, met); !again.Allowed {
					t.Fatalf("%q demands %+v for %s %q, then %+v", text, d.Demand, method, path, again)
				}
			}
		}
		switch {
		case path == "" || path[0] != '/':
			if d.Allowed {
				t.Fatalf("%q is allowed", path)
			}
		case d.Rule == 0:
			t.Fatalf("%q leaves %s %q undecided: %+v", text, method, path, d)
		case d.Allowed != again.Decide(method, path, who).Allowed:
			t.Fatalf("%q decides otherwise when it is read back", text)
		case rules.Decide(method, path, access.Subject{}).Allowed:
			t.Fatalf("%q allows %s %q for nobody", text, method, path)
		}
	})
}

// A pattern that includes another covers what that one covers, so that lines called
// unreachable are; and nothing is covered that does not also resemble.
func FuzzPatterns(f *testing.F) {
	f.Add("/a/*", "/a/b", "/a/b/")
	f.Add("/*/b", "/a/*", "/a/b")
	f.Add("/a/*/", "/a/*", "/a;v/B")
	f.Fuzz(func(t *testing.T, first, second, path string) {
		if !access.Patterns(first, second) || path == "" || path[0] != '/' {
			return
		}
		includes, one, other := access.Relation(first, second, path)
		if includes && other == "covered" && one != "covered" {
			t.Fatalf("%s includes %s but not its %s", first, second, path)
		}
		if includes && other == "resembling" && one == "apart" {
			t.Fatalf("%s includes %s, but %s does not resemble it", first, second, path)
		}
	})
}
