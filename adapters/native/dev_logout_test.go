package native

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse/core/access"
	"gatehouse/core/identity"
	"gatehouse/core/stepup"
)

// knows reports whether the gateway still has the visitor's session, for a program, which
// it never sends to the provider.
func (v *visitor) knows(app string) bool {
	v.t.Helper()
	res, err := v.client.Get(app + "/api/whoami")
	if err != nil {
		v.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusUnauthorized {
		v.t.Fatal(res.Status)
	}
	return res.StatusCode == http.StatusOK
}

// follow returns where the first match of a page's link or form leads.
func (v *visitor) follow(at *url.URL, body, pattern string) string {
	v.t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(body)
	if found == nil {
		v.t.Fatalf("no %s at %s:\n%s", pattern, at, body)
	}
	target, err := at.Parse(html.UnescapeString(found[1]))
	if err != nil {
		v.t.Fatal(err)
	}
	return target.String()
}

const (
	providerLink   = `<a href="([^"]+)">Your session at the provider`
	everywhereForm = `action="([^"]+)"><button type="submit">Log out everywhere`
)

// A person who ends the session on the provider's page is asked for the password when
// they come back. Nobody else is.
func TestDevLogoutAtTheProvider(t *testing.T) {
	for _, addr := range []string{"localhost:0", "127.0.0.1:0"} {
		urls, _ := startDev(t, addr)
		alice, bob := newVisitor(t), newVisitor(t)
		at, body := alice.logIn(urls.App, "alice")
		bob.logIn(urls.App, "bob")

		at, body = alice.send(http.MethodGet, alice.follow(at, body, providerLink), nil)
		if !strings.HasPrefix(at.String(), urls.Provider) || !strings.Contains(body, "Alice Archer") {
			t.Fatalf("at %s:\n%s", at, body)
		}
		if !alice.knows(urls.App) {
			t.Fatal("looking ended the session")
		}
		at, body = alice.send(http.MethodPost, alice.follow(at, body, `<form method="post" action="([^"]+)">`), url.Values{})
		if !strings.HasPrefix(at.String(), urls.Provider) || !strings.Contains(body, "logged out") {
			t.Errorf("at %s:\n%s", at, body)
		}
		if alice.knows(urls.App) {
			t.Error("the gateway's session goes on")
		}
		if !bob.knows(urls.App) {
			t.Error("another's session has ended")
		}
		alice.logIn(urls.App, "alice") // fails unless the password is asked for
		if !alice.knows(urls.App) {
			t.Error("the next login does not last")
		}
	}
}

// The button of the application ends the sessions in all browsers of one person. The
// provider's sessions in the others go on, and lead to new ones without a password.
func TestDevLogoutEverywhere(t *testing.T) {
	urls, _ := startDev(t, "localhost:0")
	one, two, bob := newVisitor(t), newVisitor(t), newVisitor(t)
	at, body := one.logIn(urls.App, "alice")
	two.logIn(urls.App, "alice")
	bob.logIn(urls.App, "bob")
	one.submit(at, one.follow(at, body, everywhereForm))
	if one.knows(urls.App) || two.knows(urls.App) || !bob.knows(urls.App) {
		t.Errorf("sessions go on: %t, %t; another's: %t", one.knows(urls.App), two.knows(urls.App), bob.knows(urls.App))
	}
	// In the second of the logout a login does not last yet, so this one may end at the
	// gateway's login page; a password would be asked for at the provider.
	if at, _ := two.send(http.MethodGet, urls.App+"/login/authorize?return_to=/", nil); !strings.HasPrefix(at.String(), urls.App+"/") {
		t.Errorf("ended at %s", at)
	}
}

// submit posts an empty form of the page at, as a browser does.
func (v *visitor) submit(at *url.URL, target string) {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodPost, target, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Origin", at.Scheme+"://"+at.Host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("POST %s: %s", target, res.Status)
	}
}

// Who turns a setting off is offered nothing of it.
func TestDevWithout(t *testing.T) {
	urls := startDevWith(t, DevOptions{Addr: "localhost:0",
		Settings: map[string]string{"LOGOUT_EVERYWHERE": "false", "BACKCHANNEL_LOGOUT": "false"}})
	v := newVisitor(t)
	_, body := v.logIn(urls.App, "alice")
	_, page := v.send(http.MethodGet, urls.App+"/logout", nil)
	_, discovery := v.send(http.MethodGet, urls.Provider+"/.well-known/openid-configuration", nil)
	for what, text := range map[string]string{"everywhere": body + page, urls.Provider + "/": body, "backchannel": discovery} {
		if strings.Contains(text, what) {
			t.Errorf("%s is offered:\n%s", what, text)
		}
	}
	v.send(http.MethodPost, urls.Provider+"/end_session", url.Values{})
	if !v.knows(urls.App) {
		t.Error("the provider ended the gateway's session")
	}
}

// The page for recent logins opens after one, and its rule asks for the next when the
// link says so.
func TestDevRecentLogin(t *testing.T) {
	urls, _ := startDev(t, "localhost:0")
	v := newVisitor(t)
	at, body := v.logIn(urls.App, "alice")
	if at, _ := v.send(http.MethodGet, v.follow(at, body, `<a href="([^"]+)">A page for recent logins`), nil); at.String() != urls.App+devRecent {
		t.Errorf("ended at %s", at)
	}

	settings, err := devSettings(&urls, "secret")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := access.Parse(settings["ACCESS_RULES"])
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for path, want := range map[string]bool{devRecent: true, "/": false, "/api/whoami": false} {
		d := rules.Decide(http.MethodGet, path, access.Subject{Identity: &identity.Identity{Subject: "100"},
			Login: stepup.Login{Time: now.Add(-2 * time.Minute)}, Now: now, Skew: 30 * time.Second})
		if d.Demand.Empty() == want || d.Allowed == want {
			t.Errorf("%s: %+v", path, d)
		}
	}
}

// The environment decides about two settings and changes nothing else.
func TestChosenForDev(t *testing.T) {
	got := chosenForDev([]string{"LOGOUT_EVERYWHERE=false", "BACKCHANNEL_LOGOUT=", "APP_URL=https://app.example.com", "ODD"})
	if want := map[string]string{"LOGOUT_EVERYWHERE": "false"}; !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
