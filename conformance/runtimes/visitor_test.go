//go:build runtimes

package runtimes

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// visitor is a person with a browser that runs no scripts and shows nothing: cookies,
// links and forms of the gateway, oidc-provider and the embedded provider.
type visitor struct {
	t      *testing.T
	client *http.Client
	// end is an address that no request is sent to: a redirect to it is the last.
	end string
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t}
	v.client = &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return v
}

// send makes one request as a page does (mode navigate) or a script (cors), and follows
// nothing.
func (v *visitor) send(method, target, mode string, form url.Values) (res *http.Response, body string) {
	v.t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	if mode == "navigate" {
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Sec-Fetch-Dest", "document")
	}
	r.Header.Set("Sec-Fetch-Mode", mode)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return v.do(r)
}

func (v *visitor) do(r *http.Request) (res *http.Response, body string) {
	v.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res, string(data)
}

var (
	onwardLink = regexp.MustCompile(`href="([^"]*/login/authorize[^"]*)"`)
	formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
	formID     = regexp.MustCompile(`name="id" value="([^"]+)"`)
	formPrompt = regexp.MustCompile(`name="prompt" value="(login|consent)"`)
)

// logIn opens target and follows every redirect, the gateway's login page and the
// provider's forms, as alice, to the first page that is none of these.
func (v *visitor) logIn(target string) *url.URL {
	v.t.Helper()
	at, status, body := v.follow(target)
	if status != http.StatusOK {
		v.t.Fatalf("%s: status %d\n%s", at, status, body)
	}
	return at
}

// follow is logIn to a page of any status. The status of an end is 200.
func (v *visitor) follow(target string) (at *url.URL, status int, body string) {
	v.t.Helper()
	method, form := http.MethodGet, url.Values(nil)
	for range 30 {
		res, body := v.send(method, target, "navigate", form)
		at, next := res.Request.URL, res.Header.Get("Location")
		method, form = http.MethodGet, nil
		if link := onwardLink.FindStringSubmatch(body); next == "" && link != nil {
			next = html.UnescapeString(link[1])
		}
		if prompt := formPrompt.FindStringSubmatch(body); next == "" && prompt != nil {
			if action := formAction.FindStringSubmatch(body); action != nil {
				next, method = html.UnescapeString(action[1]), http.MethodPost
				form = url.Values{"prompt": {prompt[1]}, "login": {"alice"}, "password": {"password"}}
			}
		}
		if id := formID.FindStringSubmatch(body); next == "" && id != nil { // of the embedded provider
			next, method = "/login", http.MethodPost
			form = url.Values{"id": {html.UnescapeString(id[1])}, "username": {"alice"}, "password": {"password"}}
		}
		if next == "" {
			return at, res.StatusCode, body
		}
		to, err := at.Parse(next)
		if err != nil {
			v.t.Fatal(err)
		}
		if v.end != "" && strings.HasPrefix(to.String(), v.end) {
			return to, http.StatusOK, ""
		}
		target = to.String()
	}
	v.t.Fatalf("no end of redirects at %s", target)
	return nil, 0, ""
}
