//go:build runtimes

package runtimes

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// looks are the ways in which pages are kept for people to look at.
var looks = []struct {
	name          string
	scheme        string
	width, height int64
	phone         bool
}{
	{"light", "light", 1280, 800, false},
	{"dark", "dark", 1280, 800, false},
	{"phone-light", "light", 375, 667, true},
	{"phone-dark", "dark", 375, 667, true},
}

// TestChromiumShowsPages keeps a picture of every page in every look. That they are
// pretty is for people to judge; that none is wider than a phone is tested.
func TestChromiumShowsPages(t *testing.T) {
	s := newEmbedded(t)
	b := startChromium(t, true)
	tab := b.newTab()

	unblock := tab.block("*/login/authorize*")
	tab.open(s.app + deepLink)
	awaitText(t, tab, "h1", "Redirecting to login")
	look(t, tab, "redirecting")
	unblock()

	tab.open(s.app + deepLink)
	awaitPage(t, tab, s.provider)
	look(t, tab, "provider-login")
	tab.fill(`input[name="username"]`, "alice")
	tab.fill(`input[name="password"]`, "wrong")
	tab.click(`button[type="submit"]`)
	tab.text(".problem")
	look(t, tab, "provider-wrong-password")
	tab.fill(s.password, "password")
	tab.click(`button[type="submit"]`)
	awaitPage(t, tab, s.app+deepLink)
	look(t, tab, "application")

	tab.open(s.provider + "/")
	awaitText(t, tab, "h1", "Your session")
	look(t, tab, "provider-session")

	tab.open(s.app + "/logout")
	awaitText(t, tab, "h1", "Log out?")
	look(t, tab, "logout-confirm")
	unblock = tab.block(s.provider + "/*")
	tab.click("button")
	awaitText(t, tab, "h1", "Logging out")
	awaitText(t, tab, "body", "Continue")
	look(t, tab, "logout-continue")
	unblock()
	tab.click("a")
	awaitPage(t, tab, s.app+"/logout/done")
	look(t, tab, "logout-done")

	tab.open(s.app + "/login/callback")
	awaitText(t, tab, "h1", "expired")
	look(t, tab, "error-login-expired")
	tab.open(s.app + "/login/callback?state=a&state=b")
	awaitText(t, tab, "h1", "could not be completed")
	look(t, tab, "error-invalid-response")

	for _, c := range b.complaints("") {
		if !strings.Contains(c, "net::ERR_ABORTED") {
			t.Error("the browser's log has an entry: ", c)
		}
	}
}

// A person who gives up at the provider is told so and can start again.
func TestChromiumLoginCancelled(t *testing.T) {
	s := newOIDCProvider(t)
	b := startChromium(t, true)
	tab := b.newTab()
	tab.open(s.app + deepLink)
	awaitPage(t, tab, s.provider)
	look(t, tab, "oidc-provider-login")
	s.cancel(tab)
	awaitPage(t, tab, s.app+"/login/callback")
	awaitText(t, tab, "h1", "Access was denied")
	look(t, tab, "error-access-denied")
	tab.click("a")
	awaitPage(t, tab, s.provider)
	s.login(tab, true)
	awaitPage(t, tab, s.app+deepLink)
	for _, c := range b.complaints(s.provider) {
		t.Error("the browser's log has an entry: ", c)
	}
}

// look keeps the page in every look.
func look(t *testing.T, tab *chromiumTab, name string) {
	t.Helper()
	for _, l := range looks {
		call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}})
		viewport := chromedp.EmulateViewport(l.width, l.height)
		if l.phone {
			viewport = chromedp.EmulateViewport(l.width, l.height, chromedp.EmulateScale(2), chromedp.EmulateMobile)
		}
		run(tab, "viewport", viewport)
		keep(t, tab, "chromium/"+name+"-"+l.name)
		if width := run(tab, "width", chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); width > l.width {
			t.Errorf("page %s is %d pixels wide on a screen of %d", name, width, l.width)
		}
	}
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	run(tab, "viewport", chromedp.EmulateViewport(1280, 800))
}
