package problem_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse/core/page"
	"gatehouse/core/problem"
)

func write(p *problem.Problem, html bool, action *page.Action) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.Write(w, html, "request-1", action)
	return w
}

func TestProblemDetails(t *testing.T) {
	w := write(problem.LoginRequired.With(errors.New("secret cause")), false, nil)
	const want = `{"type":"about:blank","title":"Login required","status":401,"code":"login_required","detail":"This address needs a login.","request_id":"request-1"}`
	if w.Code != 401 || w.Body.String() != want {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/problem+json", "Www-Authenticate": "Bearer", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "Vary": "Cookie", "Retry-After": "", "Allow": "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestAPageForPeople(t *testing.T) {
	w := write(problem.AccessDenied.With(errors.New("secret cause")), true, &page.Action{Label: "Again", URL: "/login"})
	body := w.Body.String()
	if w.Code != 403 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %d %s", w.Code, w.Header())
	}
	for _, want := range []string{problem.AccessDenied.Title, problem.AccessDenied.Detail, "request-1", `href="/login"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "secret cause") {
		t.Error("the cause is on the page")
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		want  string
	}{
		{-time.Second, "1"}, {0, "1"}, {1, "1"}, {time.Second, "1"}, {time.Second + 1, "2"}, {59*time.Second + 999*time.Millisecond, "60"}, {time.Hour, "3600"},
	} {
		for _, html := range []bool{false, true} {
			if got := write(problem.RateLimited.After(test.after), html, nil).Header().Get("Retry-After"); got != test.want {
				t.Errorf("%v: %q, want %q", test.after, got, test.want)
			}
		}
	}
}

func TestAllowIsSent(t *testing.T) {
	p := *problem.MethodNotAllowed
	p.Allow = "GET, HEAD"
	if w := write(&p, false, nil); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestTemplatesAreNotChanged(t *testing.T) {
	cause := errors.New("cause")
	before := *problem.RateLimited
	q := problem.RateLimited.With(cause).After(time.Hour)
	if *problem.RateLimited != before {
		t.Error("the template has changed")
	}
	if q.RetryAfter != time.Hour || !errors.Is(q, cause) || q.Error() != "rate_limited: cause" || problem.RateLimited.Error() != "rate_limited" {
		t.Errorf("got %v", q)
	}
}

// templates are the variables of codes.go, found in the source so that none is left
// out.
func templates(t *testing.T) map[string]map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		fields := map[string]string{}
		ast.Inspect(spec, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				switch v := kv.Value.(type) {
				case *ast.BasicLit:
					fields[kv.Key.(*ast.Ident).Name] = strings.Trim(v.Value, `"`)
				case *ast.SelectorExpr:
					fields[kv.Key.(*ast.Ident).Name] = v.Sel.Name
				default:
					fields[kv.Key.(*ast.Ident).Name] = "set"
				}
			}
			return true
		})
		found[spec.Names[0].Name] = fields
		return true
	})
	return found
}

func TestEveryProblemIsComplete(t *testing.T) {
	all := templates(t)
	if len(all) < 20 {
		t.Fatalf("only %d problems found", len(all))
	}
	codes := map[string]string{}
	code := regexp.MustCompile(`^[a-z_]{5,32}$`)
	for name, p := range all {
		if !code.MatchString(p["Code"]) || codes[p["Code"]] != "" {
			t.Errorf("%s: code %q is malformed or used by %s", name, p["Code"], codes[p["Code"]])
		}
		codes[p["Code"]] = name
		if p["Title"] == "" || !strings.HasSuffix(p["Detail"], ".") || strings.HasSuffix(p["Title"], ".") {
			t.Errorf("%s: title %q, detail %q", name, p["Title"], p["Detail"])
		}
		if p["Status"] == "StatusUnauthorized" && p["Challenge"] == "" {
			t.Errorf("%s: a 401 without a challenge (RFC 9110, section 15.5.2)", name)
		}
		if (p["Status"] == "StatusTooManyRequests" || p["Status"] == "StatusServiceUnavailable") && p["RetryAfter"] == "" {
			t.Errorf("%s does not say when to come back", name)
		}
	}
}

func TestRequestIDsAreEscapedInBothForms(t *testing.T) {
	for _, html := range []bool{false, true} {
		w := httptest.NewRecorder()
		problem.Internal.Write(w, html, `"><script>`, nil)
		if strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("got %s", w.Body)
		}
		if !html {
			var got struct {
				ID string `json:"request_id"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.ID != `"><script>` || w.Code != http.StatusInternalServerError {
				t.Errorf("got %+v, %v", got, err)
			}
		}
	}
}
