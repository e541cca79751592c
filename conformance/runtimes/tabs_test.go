//go:build runtimes

package runtimes

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

// TestChromiumLogsInInTwentyTabs opens twenty addresses at once, before there is a session,
// and then completes the login in each tab as it stands. More logins than login.MaxOpen are
// not kept, but the older tabs come to their addresses all the same: there is a session.
func TestChromiumLogsInInTwentyTabs(t *testing.T) {
	s := newEmbedded(t)
	b := startChromium(t, true)
	const count = 20
	link := func(i int) string { return fmt.Sprintf("/reports/%d?page=%d", i, i) }
	var tabs [count]tab
	for i := range tabs {
		tabs[i] = b.tab()
		tabs[i].open(s.app + link(i))
		awaitPage(t, tabs[i], s.provider)
	}
	for i := count - 1; i >= 0; i-- {
		s.login(tabs[i], i == count-1)
		awaitPage(t, tabs[i], s.app+link(i))
		awaitText(t, tabs[i], "#user", s.user)
	}
	for i := range tabs {
		tabs[i].open(s.app + link(i))
		showsApplication(t, tabs[i], s, link(i))
	}
}

// TestChromiumStartsAnEvictedTabAgain completes first a login that is not kept any more: its
// tab says so, and from there comes to its own address. The others come to theirs after it,
// in the order in which they were opened. There is one tab less than logins in a minute
// (LOGINS_PER_MINUTE), since the first begins twice.
func TestChromiumStartsAnEvictedTabAgain(t *testing.T) {
	s := newEmbedded(t)
	b := startChromium(t, true)
	const count = 19
	link := func(i int) string { return fmt.Sprintf("/reports/%d?page=%d", i, i) }
	var tabs [count]tab
	for i := range tabs {
		tabs[i] = b.tab()
		tabs[i].open(s.app + link(i))
		awaitPage(t, tabs[i], s.provider)
	}
	s.login(tabs[0], true)
	awaitText(t, tabs[0], "h1", "This login has expired")
	if strings.Contains(tabs[0].text("main"), "reports") {
		t.Error("the page names the address to who is not logged in")
	}
	// The provider knows the user by now.
	tabs[0].click("a.action")
	for i := range tabs {
		if i > 0 {
			s.login(tabs[i], false)
		}
		awaitPage(t, tabs[i], s.app+link(i))
		showsApplication(t, tabs[i], s, link(i))
	}
}

// TestChromiumGoesBack uses the back button after a login and after a logout.
func TestChromiumGoesBack(t *testing.T) {
	s := newEmbedded(t)
	b := startChromium(t, true)
	tab := b.newTab()
	tab.open(s.app + deepLink)
	awaitPage(t, tab, s.provider)
	s.login(tab, true)
	awaitPage(t, tab, s.app+deepLink)
	awaitText(t, tab, "#user", s.user)

	// Whatever page of the login the history has, it leads to the application.
	for tab.back() && !strings.HasPrefix(tab.location(), "about:") && !strings.HasPrefix(tab.location(), s.provider) {
		awaitPage(t, tab, s.app+"/reports/")
		awaitText(t, tab, "#user", s.user)
	}

	tab.open(s.app + "/api/whoami")
	tab.open(s.app + "/logout")
	tab.click("button")
	awaitPage(t, tab, s.app+"/logout/done")
	// The gateway's own answers are not kept by the browser: going back asks again.
	for tab.back() {
		if strings.HasPrefix(tab.location(), s.app+"/api/whoami") {
			awaitText(t, tab, "body", "login")
			if strings.Contains(tab.text("body"), s.email) {
				t.Error("after the logout the browser shows who was logged in")
			}
			return
		}
	}
	t.Error("the history has lost the page")
}

// TestChromiumLogsInAsAnotherUser replaces a session by that of somebody else.
func TestChromiumLogsInAsAnotherUser(t *testing.T) {
	s := newEmbedded(t)
	b := startChromium(t, true)
	one, two := b.tab(), b.tab()
	for _, tab := range []tab{one, two} {
		tab.open(s.app + deepLink)
		awaitPage(t, tab, s.provider)
	}
	s.login(one, true)
	awaitPage(t, one, s.app+deepLink)
	awaitText(t, one, "#user", s.user)
	first := sessionCookies(t, one)

	two.fill(`input[name="username"]`, "bob")
	two.fill(`input[name="password"]`, "password")
	two.click(`button[type="submit"]`)
	awaitPage(t, two, s.app+deepLink)
	awaitText(t, two, "#user", "Bob")
	one.open(s.app + deepLink)
	awaitText(t, one, "#user", "Bob")
	if status, _ := ask(t, s.app+"/api/whoami", "application/json", first...); status != http.StatusUnauthorized {
		t.Errorf("the first session answers %d, want 401", status)
	}
}

// back goes one page back and reports whether there is one.
func (tab *chromiumTab) back() bool {
	tab.t.Helper()
	history := call(tab, page.GetNavigationHistory, cdp.Empty{})
	if history.CurrentIndex == 0 {
		return false
	}
	call(tab, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
	return true
}
