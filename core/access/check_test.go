package access_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/core/access"
	"gatehouse/core/stepup"
)

func TestListsThatLeaveQuestionsOpen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "there are no rules"},
		{"blank", " \n ; \n", "there are no rules"},
		{"comments only", "# * /* any", "there are no rules"},
		{"nothing for other paths", "* /a/* group=x", "line 1 is the last one"},
		{"nothing for other methods", "GET /* any", "line 1 is the last one"},
		{"preflight last", "* /* any; OPTIONS /a preflight", "line 2 can never decide anything, because line 1 does\nline 2 is the last one"},
		{"same path twice", "* /a group=x; * /a group=y; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"slash at the end is no difference", "* /a group=x; * /a/ group=y; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"narrower after wider", "* /a/* group=x; * /a/b role=y; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"path itself after below", "* /a/* group=x; * /a role=y; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"segment after wildcard", "* /u/*/k group=x; * /u/bob/k role=y; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"after the line for everything", "* /* any; * /a group=x; * /* any", "line 2 can never decide anything, because line 1 does\nline 3 can never decide anything, because line 1 does"},
		{"HEAD after GET", "GET /a group=x; HEAD /a role=y; * /a deny; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"one method of two", "GET /a group=x; POST,GET /a role=y; * /a deny; * /* any", "line 2 can never decide GET, because line 1 does"},
		{"methods of two lines together", "GET /a group=x; POST /a group=x; POST,GET /a role=y; * /a deny; * /* any", "line 3 can never decide anything, because line 1 does"},
		{"preflight after a line that covers it", "* /api/* group=x; OPTIONS /api/* preflight; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"preflight twice", "OPTIONS /api/* preflight; OPTIONS /api/a preflight; * /* any", "line 2 can never decide anything, because line 1 does"},
		{"other methods left open", "GET /a group=x; * /* any", "line 1 leaves the methods of /a that it does not name open to every user, by line 2"},
		{"other methods left open, said once", "GET /a group=x; PUT /a role=y; * /* any", "line 1 leaves the methods of /a that it does not name open to every user, by line 3"},
		{"forbidden methods left incomplete", "DELETE /a/* deny; * /* any", "line 1 leaves the methods of /a/* that it does not name open to every user, by line 2"},
	} {
		all := mistakes(t, test.text)
		if got := all.Error(); !strings.Contains(got, test.want) || len(all) != 1+strings.Count(test.want, "\n") {
			t.Errorf("%s: got\n%s", test.name, got)
		}
		for _, e := range all {
			if e.Hint == "" {
				t.Errorf("%s: no hint for %v", test.name, e)
			}
		}
	}
}

func TestListsThatLeaveNone(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"exception before the general line":         "GET /files/pub/* any; * /files/* group=x; * /* any",
		"other methods fall to a stricter line":     "GET /files/pub/* role=y; * /files/* group=x; * /* any",
		"other methods are refused at the end":      "GET /a group=x; * /* deny",
		"other methods are open, in so many words":  "PUT /a group=x; * /a any; * /* any",
		"wildcard after a segment":                  "* /u/bob/k role=y; * /u/*/k group=x; * /* any",
		"GET after HEAD":                            "HEAD /a any; GET /a group=x; * /a deny; * /* any",
		"GET and HEAD in one line":                  "GET,HEAD /a any; * /* deny",
		"line after a preflight for the same paths": "OPTIONS /a preflight; OPTIONS /a any; * /* deny",
		"other capitals":                            "* /a group=x; * /A group=y; * /* any",
		"one segment before everything":             "* /*/ group=x; * /* any",
	} {
		if _, err := access.Parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLinesBehindPublicPaths(t *testing.T) {
	t.Parallel()
	rules := parse(t, "* /admin/* role=admin; GET /robots.txt any; * /docs/* group=x; * /* any")
	all := rules.CheckPublic([]string{"/admin/*", "/robots.txt", "/docs/public/*", "/*"})
	if len(all) != 2 || all[0].Line != 1 || all[1].Line != 2 || !strings.Contains(all[0].Problem, "/admin/*") {
		t.Errorf("got %v", all)
	}
	if all := (*access.Rules)(nil).CheckPublic([]string{"/a"}); all != nil {
		t.Errorf("nil rules: %v", all)
	}
}

func BenchmarkDecide(b *testing.B) {
	var text strings.Builder
	for i := range 49 {
		fmt.Fprintf(&text, "* /area%d/* group=group%d\n", i, i)
	}
	rules := parse(b, text.String()+"* /* group=staff")
	who := alice()
	for name, path := range map[string]string{"the last of 50 lines decides": "/other/page", "with parameters": "/other;v=1/page", "the first decides": "/area0/page"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules.Decide("GET", path, who)
			}
		})
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	verified := true
	who := alice()
	who.Identity.Email, who.Identity.EmailVerified = "alice@Example.com", &verified
	who.Claims = map[string]any{"dept": "sales", "list": []any{"a", 1.0}}
	who.Login, who.Now = stepup.Login{ACR: "gold", Time: now}, now
	for _, requirement := range []string{"any", "deny", "group=staff", "group=a & group=b | email-domain=example.com", "claim:dept=sales & claim:list=1", "acr=gold & max-age=5m"} {
		rules := parse(t, "GET /a deny; * /a deny; * /* "+requirement)
		if n := testing.AllocsPerRun(100, func() { rules.Decide("GET", "/b;v=1/c", who) }); n != 0 {
			t.Errorf("%s: %v allocations", requirement, n)
		}
	}
}
