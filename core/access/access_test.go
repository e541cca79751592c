package access_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gatehouse/core/access"
	"gatehouse/core/identity"
)

func parse(t testing.TB, text string) *access.Rules {
	t.Helper()
	rules, err := access.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// alice is in the group staff and has nothing else.
func alice() access.Subject {
	return access.Subject{Identity: &identity.Identity{Subject: "alice", Groups: []string{"staff"}}}
}

const guide = `
# Reports are for staff, and nobody changes them.
GET      /reports/*   group=staff
*        /reports/*   deny
*        /admin/*     role=admin
*        /finance/*   email-domain=example.com & group=finance | role=auditor
GET      /help        any
*        /help        group=writers
OPTIONS  /api/*       preflight
*        /*           any
`

func TestTheFirstLineThatCoversTheRequestDecides(t *testing.T) {
	t.Parallel()
	rules := parse(t, guide)
	for _, test := range []struct {
		name, method, path string
		allowed            bool
		line               int
	}{
		{"requirement met", "GET", "/reports/2026", true, 3},
		{"HEAD is covered by GET", "HEAD", "/reports/2026", true, 3},
		{"method that the line does not name", "POST", "/reports/2026", false, 4},
		{"path itself of a pattern for what is below", "GET", "/reports", true, 3},
		{"path itself with a slash", "GET", "/reports/", true, 3},
		{"longer name is another path", "POST", "/reports2", true, 10},
		{"requirement not met", "GET", "/admin/users", false, 5},
		{"path itself needs the same", "GET", "/admin", false, 5},
		{"deep below", "DELETE", "/admin/a/b/c", false, 5},
		{"neither alternative", "GET", "/finance/q3", false, 6},
		{"exact path", "GET", "/help", true, 7},
		{"exact path with a slash", "GET", "/help/", true, 7},
		{"exact path with another method", "PUT", "/help", false, 8},
		{"below an exact path is another path", "PUT", "/help/x", true, 10},
		{"OPTIONS that is no preflight", "OPTIONS", "/api/x", true, 10},
		{"extension method", "PROPFIND", "/files", true, 10},
		{"root", "GET", "/", true, 10},
		{"no path", "GET", "", false, 0},
		{"not a path", "OPTIONS", "*", false, 0},
	} {
		d := rules.Decide(test.method, test.path, alice())
		if d.Allowed != test.allowed || d.Rule != test.line || d.Allowed == (d.Reason != "") {
			t.Errorf("%s: %s %s is %+v", test.name, test.method, test.path, d)
		}
	}
}

func TestARequestThatResemblesALineMeetsItsRequirementToo(t *testing.T) {
	t.Parallel()
	rules := parse(t, `
GET /open/*       any
*   /open/*       group=editors
*   /files/pub/*  any
*   /files/*      group=finance
*   /admin/*      role=admin
*   /exact        role=admin
*   /users/*/keys role=admin
*   /*            any`)
	for _, test := range []struct {
		name, method, path string
		allowed            bool
		line               int
	}{
		{"capitals", "GET", "/ADMIN/users", false, 6},
		{"capitals of the path itself", "GET", "/Admin", false, 6},
		{"parameter", "GET", "/admin;v=1/users", false, 6},
		{"parameter at the end", "GET", "/admin;v=1", false, 6},
		{"parameter without a value", "GET", "/admin;/users", false, 6},
		{"encoded parameter", "GET", "/admin%3Bv=1/users", false, 6},
		{"segment of parameters only", "GET", "/;v=1/admin", false, 6},
		{"parameters after an exact path", "GET", "/exact/;v=1", false, 7},
		{"capitals in an exact path", "GET", "/EXACT", false, 7},
		{"segment of parameters before a wildcard", "GET", "/users/;v=1/bob/keys", false, 8},
		{"parameter in a wildcard", "GET", "/users/bob;v=1/keys", false, 8},
		{"an exception does not open what resembles it", "GET", "/files/PUB/salaries", false, 5},
		{"method in lower case is not excepted", "get", "/open/x", false, 3},
		{"parameters elsewhere", "GET", "/list;sort=up", true, 9},
		{"parameters only", "GET", "/;v=1", true, 9},
		{"capitals elsewhere", "GET", "/Administration", true, 9},
	} {
		d := rules.Decide(test.method, test.path, alice())
		if d.Allowed != test.allowed || d.Rule != test.line {
			t.Errorf("%s: %s %s is %+v", test.name, test.method, test.path, d)
		}
	}
	admin := alice()
	admin.Identity.ProjectRoles = map[string]map[string]string{"admin": {"1": "example.com"}}
	if d := rules.Decide("GET", "/Admin/users", admin); !d.Allowed || d.Rule != 9 {
		t.Errorf("who meets both requirements is refused: %+v", d)
	}
}

func TestPathsThatResembleALineBeyondASCII(t *testing.T) {
	t.Parallel()
	rules := parse(t, "* /caf%C3%A9/* role=admin; * /bank/* role=admin; * /m%C3%A9nu deny; * /* any")
	for _, test := range []struct {
		name, path string
		line       int
	}{
		{"capital", "/caf%C3%89/x", 1},
		{"capitals of either kind", "/CAF%C3%89", 1},
		{"capitals of ASCII alone", "/CAF%C3%A9", 1},
		{"with a parameter", "/Caf%C3%89;v=1/x", 1},
		{"letter that folds to one of ASCII", "/ban%E2%84%AA/x", 2},
		{"exact path", "/m%C3%89nu/", 3},
		{"another letter", "/caf%C3%A8/x", 4},
		{"more text", "/caf%C3%A9s/x", 4},
		{"less text", "/caf/x", 4},
		{"part of the letter", "/caf%C3/x", 4},
	} {
		if d := rules.Decide("GET", test.path, alice()); d.Rule != test.line || d.Allowed != (test.line == 4) {
			t.Errorf("%s: %s is %+v", test.name, test.path, d)
		}
	}
}

func TestWithoutAnIdentityNothingIsAllowed(t *testing.T) {
	t.Parallel()
	scoped := access.Subject{Scopes: []string{"read"}, Claims: map[string]any{"admin": true}}
	for name, rules := range map[string]*access.Rules{
		"nil rules": nil, "zero rules": {}, "any": parse(t, "* /* any"), "scope": parse(t, "* /* scope=read"), "claim": parse(t, "* /* claim:admin=true"),
	} {
		if d := rules.Decide("GET", "/", scoped); d.Allowed || d.Reason == "" || d.Rule != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestWithoutRulesEverybodyIsAllowedWhoIsLoggedIn(t *testing.T) {
	t.Parallel()
	var none *access.Rules
	if d := none.Decide("DELETE", "/anything", alice()); !d.Allowed || d.Rule != 0 {
		t.Errorf("%+v", d)
	}
	if d := (&access.Rules{}).Decide("GET", "/", alice()); d.Allowed {
		t.Errorf("the zero Rules: %+v", d)
	}
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	verified, unverified := true, false
	for _, test := range []struct {
		name, requirement string
		allowed           bool
		edit              func(*access.Subject)
	}{
		{"deny", "deny", false, nil},
		{"group", "group=staff", true, nil},
		{"group in another case", "group=Staff", false, nil},
		{"group that is part of a name", "group=sta", false, nil},
		{"role", "role=admin", true, func(s *access.Subject) {
			s.Identity.ProjectRoles = map[string]map[string]string{"admin": {"1": "x"}}
		}},
		{"role that no organisation granted", "role=admin", false, func(s *access.Subject) {
			s.Identity.ProjectRoles = map[string]map[string]string{"admin": {}}
		}},
		{"role from the roles claim", "role=admin", true, func(s *access.Subject) { s.Identity.Roles = []string{"user", "admin"} }},
		{"role in another case", "role=admin", false, func(s *access.Subject) { s.Identity.Roles = []string{"Admin"} }},
		{"role is not a group", "group=admin", false, func(s *access.Subject) { s.Identity.Roles = []string{"admin"} }},
		{"group is not a role", "role=staff", false, nil},
		{"scope", "scope=reports:read", true, func(s *access.Subject) { s.Scopes = []string{"openid", "reports:read"} }},
		{"no scopes known", "scope=openid", false, nil},
		{"both of two", "group=staff & scope=openid", false, nil},
		{"one of two", "scope=openid | group=staff", true, nil},
		{"& binds tighter", "group=staff | group=a & group=b", true, nil},
		{"& binds tighter on the other side", "group=a & group=staff | group=b", false, nil},
		{"without blanks", "group=a|group=staff&group=staff2|group=staff", true, nil},
		{"verified e-mail", "verified-email", true, func(s *access.Subject) {
			s.Identity.Email, s.Identity.EmailVerified = "alice@example.com", &verified
		}},
		{"e-mail of which nobody says whether it is verified", "verified-email", false, func(s *access.Subject) { s.Identity.Email = "alice@example.com" }},
		{"e-mail that is not verified", "email-domain=example.com", false, func(s *access.Subject) {
			s.Identity.Email, s.Identity.EmailVerified = "alice@example.com", &unverified
		}},
		{"verified without an address", "verified-email", false, func(s *access.Subject) { s.Identity.EmailVerified = &verified }},
		{"quoted group", `group="head of; \"sales\" & \\ more"`, true, func(s *access.Subject) { s.Identity.Groups = []string{`head of; "sales" & \ more`} }},
		{"group beyond ASCII", "group=Führung", true, func(s *access.Subject) { s.Identity.Groups = []string{"Führung"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			who := alice()
			if test.edit != nil {
				test.edit(&who)
			}
			rules := parse(t, "* /* "+test.requirement)
			if d := rules.Decide("GET", "/", who); d.Allowed != test.allowed || d.Rule != 1 {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	const claims = `{"dept":"sales","level":3,"half":0.5,"huge":9007199254740993,"admin":true,"former":false,"text":"true",
		"digits":"3","list":["a","b",4,true,null,["deep"]],"empty":[],"object":{"a":"b"},"nothing":null,"":"unnamed",
		"https://example.com/team":"red","with blank":"x","case":"Sales"}`
	var decoded, exact map[string]any
	if err := json.Unmarshal([]byte(claims), &decoded); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(claims))
	d.UseNumber()
	if err := d.Decode(&exact); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, term string
		holds      bool
	}{
		{"text", "dept=sales", true},
		{"text in quotes", `dept="sales"`, true},
		{"text in another case", "case=sales", false},
		{"part of a text", "dept=sale", false},
		{"number", "level=3", true},
		{"number in another form", "level=3.0", true},
		{"fraction", "half=5e-1", true},
		{"number is not text", `level="3"`, false},
		{"text is not a number", "digits=3", false},
		{"text of digits", `digits="3"`, true},
		{"number beside one too large to be exact", "huge=9007199254740991", false},
		{"true", "admin=true", true},
		{"true is not false", "admin=false", false},
		{"false", "former=false", true},
		{"true is not text", `admin="true"`, false},
		{"text is not true", "text=true", false},
		{"item of an array", "list=b", true},
		{"number in an array", "list=4", true},
		{"true in an array", "list=true", true},
		{"no item of an array", "list=c", false},
		{"array in an array", "list=deep", false},
		{"empty array", "empty=a", false},
		{"member of an object", "object=a", false},
		{"null as text", `nothing="null"`, false},
		{"claim that is not there", "absent=x", false},
		{"false for a claim that is not there", "absent=false", false},
		{"zero for a claim that is not there", "absent=0", false},
		{"name that is a URL", "https://example.com/team=red", true},
		{"name in quotes", `"with blank"=x`, true},
		{"name in another case", "DEPT=sales", false},
	} {
		rules := parse(t, "* /* claim:"+test.term)
		for form, m := range map[string]map[string]any{"float64": decoded, "json.Number": exact} {
			who := alice()
			who.Claims = m
			if d := rules.Decide("GET", "/", who); d.Allowed != test.holds {
				t.Errorf("%s (%s): %+v", test.name, form, d)
			}
		}
	}
	who := alice()
	who.Claims = map[string]any{"list": []string{"a", "3"}}
	if !parse(t, "* /* claim:list=a").Decide("GET", "/", who).Allowed || parse(t, "* /* claim:list=3").Decide("GET", "/", who).Allowed {
		t.Error("an array of strings is compared differently")
	}
}

func TestReasonsSayNothingAboutTheUser(t *testing.T) {
	t.Parallel()
	verified := true
	who := alice()
	who.Identity.Email, who.Identity.EmailVerified = "alice@example.com", &verified
	for _, requirement := range []string{"deny", "email=bob@example.com", "email-domain=example.org", "group=x"} {
		d := parse(t, "* /* "+requirement).Decide("GET", "/alice", who)
		if d.Allowed || d.Reason == "" || strings.Contains(d.Reason, "alice") || strings.Contains(d.Reason, "example") {
			t.Errorf("%s: %+v", requirement, d)
		}
	}
}

// mistakes parses text that has some.
func mistakes(t testing.TB, text string) access.Errors {
	t.Helper()
	rules, err := access.Parse(text)
	var all access.Errors
	if rules != nil || !errors.As(err, &all) || len(all) == 0 {
		t.Fatalf("%q is parsed to %v, %v", text, rules, err)
	}
	return all
}
