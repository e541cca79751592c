//go:build runtimes

package runtimes

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

const (
	deepLink    = "/reports/2026?month=11"
	anotherLink = "/invoices/7?page=2&sort=date"
)

func TestChromiumLogsIn(t *testing.T) {
	everySite(t, func(t *testing.T, s *site) { chromiumLogsIn(t, s, true) })
}

func TestChromiumLogsInWithoutScripts(t *testing.T) {
	everySite(t, func(t *testing.T, s *site) { chromiumLogsIn(t, s, false) })
}

func chromiumLogsIn(t *testing.T, s *site, scripts bool) {
	t.Helper()
	b := startChromium(t, scripts)
	logsIn(t, b, s)
	for _, c := range b.complaints(foreign(s)) {
		t.Error("the browser's log has an entry: ", c)
	}
}

// everySite runs a test with each provider.
func everySite(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	t.Run("embedded provider", func(t *testing.T) { test(t, newEmbedded(t)) })
	t.Run("oidc-provider", func(t *testing.T) { test(t, newOIDCProvider(t)) })
}

// foreign is the origin whose pages are not ours; empty when all are.
func foreign(s *site) string {
	if !s.foreign {
		return ""
	}
	return s.provider
}

// logsIn goes through a person's visit: two tabs, login, logout, and again.
func logsIn(t *testing.T, b browser, s *site) {
	t.Helper()

	// Two tabs, both before the login.
	one := b.tab()
	one.open(s.app + deepLink)
	awaitPage(t, one, s.provider)
	two := b.tab()
	two.open(s.app + anotherLink)
	awaitPage(t, two, s.provider)

	one.text(s.password)
	s.login(one, true)
	awaitPage(t, one, s.app+deepLink)
	showsApplication(t, one, s, deepLink)

	// The second tab completes its own login and lands where it wanted to go.
	s.login(two, false)
	awaitPage(t, two, s.app+anotherLink)
	showsApplication(t, two, s, anotherLink)

	// A reload of the callback in a third tab ends in the application, too.
	three := b.tab()
	three.open(s.app + "/login/callback?state=unknown&code=unknown")
	awaitPage(t, three, s.app+"/")
	showsApplication(t, three, s, "/")

	whoami(t, three, s)

	// Logout by the application's own button.
	old := sessionCookies(t, one)
	if status, _ := ask(t, s.app+deepLink, "text/html", old...); status != http.StatusOK {
		t.Fatalf("the session's cookies answer %d before the logout", status)
	}
	one.open(s.app + deepLink)
	one.click(`form[action="/logout"] button`)
	logsOut(t, one, s)

	if status, location := ask(t, s.app+deepLink, "text/html", old...); status != http.StatusSeeOther || !strings.HasPrefix(location, "/login?") {
		t.Errorf("after the logout the old cookies answer %d to %q, want the login page", status, location)
	}
	if status, _ := ask(t, s.app+"/api/whoami", "application/json", old...); status != http.StatusUnauthorized {
		t.Errorf("after the logout the old cookies answer %d to a program, want 401", status)
	}

	// The provider's session is over: it asks for the password again.
	two.open(s.app + anotherLink)
	awaitPage(t, two, s.provider)
	two.text(s.password)
	s.login(two, true)
	awaitPage(t, two, s.app+anotherLink)

	// Logout by the gateway's own page, which asks first.
	two.open(s.app + "/logout")
	awaitText(t, two, "h1", "Log out?")
	if status, _ := ask(t, s.app+deepLink, "text/html", sessionCookies(t, two)...); status != http.StatusOK {
		t.Errorf("opening the logout page answers %d afterwards: it ended the session", status)
	}
	two.click("button")
	logsOut(t, two, s)
}

// logsOut follows a logout to its end.
func logsOut(t *testing.T, tab tab, s *site) {
	t.Helper()
	if s.confirmLogout != nil {
		awaitPage(t, tab, s.provider)
		s.confirmLogout(tab)
	}
	awaitPage(t, tab, s.app+"/logout/done")
	awaitText(t, tab, "h1", "You are logged out")
}

func showsApplication(t *testing.T, tab tab, s *site, link string) {
	t.Helper()
	awaitText(t, tab, "#user", s.user)
	path, query, _ := strings.Cut(link, "?")
	if got := tab.text("#path"); got != path {
		t.Errorf("the application shows path %s, want %s", got, path)
	}
	if got := tab.text("#query"); query != "" && got != query {
		t.Errorf("the application shows query %s, want %s", got, query)
	}
	awaitText(t, tab, "table", s.email)
}

func whoami(t *testing.T, tab tab, s *site) {
	t.Helper()
	tab.open(s.app + "/api/whoami")
	var answer struct {
		UserID string `json:"user_id"`
		Name   string `json:"name"`
		Email  string `json:"email"`
	}
	if err := json.Unmarshal([]byte(tab.text("pre")), &answer); err != nil {
		t.Fatalf("/api/whoami is no JSON: %v", err)
	}
	if answer.UserID == "" || s.subject != "" && answer.UserID != s.subject {
		t.Errorf("/api/whoami says user_id %q, want %q", answer.UserID, s.subject)
	}
	if !strings.Contains(answer.Name, s.user) || !strings.Contains(answer.Email, s.email) {
		t.Errorf("/api/whoami says %q <%s>, want %q <%s>", answer.Name, answer.Email, s.user, s.email)
	}
}
