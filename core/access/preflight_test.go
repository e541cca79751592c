package access_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/core/access"
)

func preflight(path string, edit func(*http.Request)) *http.Request {
	r := httptest.NewRequest("OPTIONS", "https://app.example.com"+path, nil)
	r.Header.Set("Origin", "https://spa.example.net")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	if edit != nil {
		edit(r)
	}
	return r
}

const api = `
*       /api/internal/* role=admin
OPTIONS /api/*          preflight
*       /api/*          group=staff
*       /*              any`

func TestPreflights(t *testing.T) {
	t.Parallel()
	rules := parse(t, api)
	for _, test := range []struct {
		name, path string
		passes     bool
		edit       func(*http.Request)
	}{
		{"preflight", "/api/x", true, nil},
		{"with headers", "/api/x", true, func(r *http.Request) { r.Header.Set("Access-Control-Request-Headers", "authorization") }},
		{"null origin", "/api/x", true, func(r *http.Request) { r.Header.Set("Origin", "null") }},
		{"other path", "/other", false, nil},
		{"path of an earlier line", "/api/internal/x", false, nil},
		{"path that resembles an earlier line", "/api/INTERNAL/x", false, nil},
		{"path that resembles the line", "/API/x", false, nil},
		{"not OPTIONS", "/api/x", false, func(r *http.Request) { r.Method = "GET" }},
		{"options in lower case", "/api/x", false, func(r *http.Request) { r.Method = "options" }},
		{"no origin", "/api/x", false, func(r *http.Request) { r.Header.Del("Origin") }},
		{"empty origin", "/api/x", false, func(r *http.Request) { r.Header.Set("Origin", "") }},
		{"two origins", "/api/x", false, func(r *http.Request) { r.Header.Add("Origin", "https://b.example") }},
		{"no method", "/api/x", false, func(r *http.Request) { r.Header.Del("Access-Control-Request-Method") }},
		{"two methods", "/api/x", false, func(r *http.Request) { r.Header.Add("Access-Control-Request-Method", "GET") }},
		{"method that is none", "/api/x", false, func(r *http.Request) { r.Header.Set("Access-Control-Request-Method", "GET, PUT") }},
		{"body", "/api/x", false, func(r *http.Request) {
			b := httptest.NewRequest("OPTIONS", "/", strings.NewReader("x"))
			r.Body, r.ContentLength = b.Body, b.ContentLength
		}},
		{"body of unknown length", "/api/x", false, func(r *http.Request) {
			b := httptest.NewRequest("OPTIONS", "/", strings.NewReader("x"))
			r.Body, r.ContentLength = b.Body, -1
		}},
		{"chunks", "/api/x", false, func(r *http.Request) { r.TransferEncoding = []string{"chunked"} }},
		{"upgrade", "/api/x", false, func(r *http.Request) { r.Header.Set("Upgrade", "websocket") }},
		{"method in disguise", "/api/x", false, func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "DELETE") }},
		{"method in disguise, shorter", "/api/x", false, func(r *http.Request) { r.Header.Set("X-Http-Method", "DELETE") }},
		{"method in disguise, as CGI spells it", "/api/x", false, func(r *http.Request) { r.Header.Set("X_HTTP_Method_Override", "DELETE") }},
		{"method in disguise, half so", "/api/x", false, func(r *http.Request) { r.Header.Set("X-Method_Override", "") }},
		{"header that only begins so", "/api/x", true, func(r *http.Request) { r.Header.Set("X-Http-Methods", "a"); r.Header.Set("X-Http", "b") }},
	} {
		r := preflight(test.path, test.edit)
		if got := rules.Preflight(r, test.path); got != test.passes {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	if rules.Preflight(preflight("/api/x", nil), "") || rules.Preflight(preflight("/api/x", nil), "*") {
		t.Error("passes without a path")
	}
}

func TestPreflightsPassByRuleOnly(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]*access.Rules{"nil": nil, "zero": {}, "any": parse(t, "* /* any"), "OPTIONS for all": parse(t, "OPTIONS /* any; * /* deny")} {
		if rules.Preflight(preflight("/api/x", nil), "/api/x") {
			t.Errorf("%s rules let it pass", name)
		}
	}
}

func TestAPreflightLineLetsNobodyIn(t *testing.T) {
	t.Parallel()
	rules := parse(t, "OPTIONS /api/* preflight; * /* deny")
	if d := rules.Decide("OPTIONS", "/api/x", alice()); d.Allowed || d.Rule != 2 {
		t.Errorf("%+v", d)
	}
}
