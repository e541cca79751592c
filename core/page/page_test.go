package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"gatehouse/core/page"
)

func write(p page.Page) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	page.Write(w, http.StatusTeapot, p)
	return w
}

const nasty = `"><script>alert(1)</script>' onload=x {{.}} %n </title><!--` + "\x00\u2028"

var everywhere = page.Page{
	Title: nasty, Text: nasty, Reference: nasty, Refresh: true,
	Action: &page.Action{Label: nasty, URL: nasty, Method: http.MethodPost, Fields: []string{nasty, nasty}},
}

func TestEveryValueIsEscaped(t *testing.T) {
	link := everywhere
	link.Action = &page.Action{Label: nasty, URL: nasty}
	tags := regexp.MustCompile(`<[^>]*>`)
	allowed := regexp.MustCompile(`^</?(!doctype html|html|head|meta|title|style|body|main|h1|p|a|small|form|input|button)( [a-z-]+="[^"<>]*")*>$`)
	for name, p := range map[string]page.Page{"form": everywhere, "link": link} {
		body := write(p).Body.String()
		for _, bad := range []string{"<script", "<!--", "' onload"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s: %s got through", name, bad)
			}
		}
		for _, tag := range tags.FindAllString(body, -1) {
			if !allowed.MatchString(tag) && tag != "<!doctype html>" {
				t.Errorf("%s: unexpected tag %s", name, tag)
			}
		}
	}
}

func TestThePolicyNamesTheStyleThatIsSent(t *testing.T) {
	w := write(everywhere)
	styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(styles) != 1 {
		t.Fatalf("%d style sheets", len(styles))
	}
	sum := sha256.Sum256([]byte(styles[0][1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPagesNeedNoScriptAndLoadNothing(t *testing.T) {
	body := write(page.Page{Title: "T", Text: "x", Refresh: true, Action: &page.Action{Label: "Go", URL: "/next"}}).Body.String()
	for _, bad := range []string{"<script", "javascript:", " on", "src=", "<link", "<img", "@import", "url(", ` style="`} {
		if strings.Contains(strings.ToLower(body), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

func TestWhatEveryPageIs(t *testing.T) {
	w := write(page.Page{Title: "T"})
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Vary": "Cookie",
	} {
		if got := w.Header().Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	body := w.Body.String()
	for _, want := range []string{`<!doctype html>`, `<html lang="en">`, `<meta charset="utf-8">`, `name="viewport"`, `content="noindex"`, `<title>T</title>`, `<h1>T</h1>`, `<main>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if w.Code != http.StatusTeapot || strings.Contains(body, "Reference") || strings.Contains(body, "<p>") || strings.Contains(body, "refresh") {
		t.Errorf("status %d: %s", w.Code, body)
	}
}

func TestActions(t *testing.T) {
	for _, test := range []struct {
		name string
		page page.Page
		want string
	}{
		{"link", page.Page{Action: &page.Action{Label: "Go", URL: "/a?b=1&c=2"}},
			`<p><a class="action" href="/a?b=1&amp;c=2">Go</a></p>`},
		{"button", page.Page{Action: &page.Action{Label: "Go", URL: "/a", Method: http.MethodPost, Fields: []string{"n", "v"}}},
			`<form method="post" action="/a"><input type="hidden" name="n" value="v"><button type="submit">Go</button></form>`},
		{"name without a value", page.Page{Action: &page.Action{Label: "Go", URL: "/a", Method: http.MethodPost, Fields: []string{"n"}}},
			`<form method="post" action="/a"><button type="submit">Go</button></form>`},
		{"refresh", page.Page{Refresh: true, Action: &page.Action{Label: "Go", URL: "/a?b=1&c=2"}},
			`<meta http-equiv="refresh" content="0;url=/a?b=1&amp;c=2">`},
		{"reference", page.Page{Reference: "id"}, `<small>Reference: id</small>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if body := write(test.page).Body.String(); !strings.Contains(body, test.want) {
				t.Errorf("%s is not in %s", test.want, body)
			}
		})
	}
	if strings.Contains(write(page.Page{Refresh: true}).Body.String(), "refresh") {
		t.Error("a refresh without an action")
	}
}

func TestOnlyAPageThatAsksSendsItsReferrer(t *testing.T) {
	if got := write(page.Page{SendReferrer: true}).Header().Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("got %q", got)
	}
}
