//go:build runtimes

package runtimes

import (
	"crypto/rand"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// brokered is a broker with one provider.
type brokered struct {
	app  string
	name string // the broker's for the provider
	at   string // the provider's origin
	// login leaves the provider's pages as alice.
	login func(tab tab, first bool)
	// userinfo is a call that may be made, keys one that may not.
	userinfo, keys string
}

// The command logs in through the broker of gatehouse dev in every flow, with a person
// at a terminal and in a browser, and what follows works with the session.
func TestChromiumLogsTerminalsIn(t *testing.T) {
	_, app, provider := startDev(t)
	logTerminalsIn(t, brokered{app, "dev", provider, embeddedLogin, "/userinfo", "/keys"}, "")
}

// The same at a provider that is not of our making, the npm package oidc-provider.
func TestChromiumLogsTerminalsInAtOIDCProvider(t *testing.T) {
	port := freePort(t)
	app := "http://localhost:" + port
	p := startOIDCProviderAt(t, app, "/auth/callback/acme")
	broker := start(t, "gatehouse serve", gatehouse(t, []string{"serve"}, map[string]string{
		"APP_URL": app, "DEV_MODE": "true", "COOKIE_SECRET": rand.Text() + rand.Text(), "LISTEN_ADDR": "127.0.0.1:" + port, "STORE": "memory",
		"BROKER_PROVIDERS": "acme", "BROKER_ACME_ISSUER": p.issuer, "BROKER_ACME_CLIENT_ID": oidcClientID, "BROKER_ACME_CLIENT_SECRET": oidcClientSecret,
		"BROKER_ACME_SCOPES": "openid profile email", "BROKER_ACME_API": p.issuer, "BROKER_ACME_CALLS": "GET /me",
	}))
	awaitReady(t, broker, app)
	logTerminalsIn(t, brokered{app, "acme", p.issuer, func(tab tab, _ bool) { oidcProviderLogin(t, tab, true) }, "/me", "/jwks"}, "oidc-provider-")
}

// logTerminalsIn goes through every flow; transcripts are kept under prefix and its name.
func logTerminalsIn(t *testing.T, at brokered, prefix string) {
	for name, login := range map[string]func(t *testing.T, a *account, b *chromium, at brokered){
		"loopback": terminalLoopback, "poll": terminalPoll, "paste": terminalPaste,
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			login(t, a, startChromium(t, true), at)
			uses(t, a, at)
			a.keepTranscript(prefix + name)
			if keptHandle(t, a) != "" {
				t.Error("a handle is kept after the logout")
			}
		})
	}
}

// as logs in as alice.
func (at brokered) as(t *testing.T, tab tab) {
	t.Helper()
	awaitPage(t, tab, at.at)
	at.login(tab, true)
}

// atProvider logs in as alice at the embedded provider.
func atProvider(t *testing.T, tab tab, provider string) {
	t.Helper()
	awaitPage(t, tab, provider)
	embeddedLogin(tab, true)
}

func terminalLoopback(t *testing.T, a *account, b *chromium, at brokered) {
	term := a.run("login", "--broker", at.app, "--provider", at.name, "--keep", "file")
	term.await(`Waiting for the login in the browser`)
	tab := b.newTab()
	tab.open(a.opened())
	at.as(t, tab)
	awaitText(t, tab, "body", "You may close this window")
	keep(t, tab, "terminal/loopback")
	loggedIn(t, a, term)
}

func terminalPoll(t *testing.T, a *account, b *chromium, at brokered) {
	term := a.run("login", "--broker", at.app, "--provider", at.name, "--keep", "file", "--flow", "poll", "--no-browser")
	address := term.await(`Visit this URL to authorize:\s+(\S+)`)
	code := term.await(`or type it there:\s+(\S+)`)
	term.await("[█▀▄]{20}") // the QR code
	tab := b.newTab()
	tab.open(address)
	tab.fill(`input[name="user_code"]`, code)
	tab.click("button")
	awaitText(t, tab, "h1", "Connect to")
	awaitText(t, tab, "code", code)
	keep(t, tab, "terminal/poll-compare")
	tab.click("button")
	at.as(t, tab)
	awaitText(t, tab, "body", "You may close this window")
	keep(t, tab, "terminal/poll")
	loggedIn(t, a, term)
}

func terminalPaste(t *testing.T, a *account, b *chromium, at brokered) {
	term := a.run("login", "--broker", at.app, "--provider", at.name, "--keep", "file", "--flow", "paste", "--no-browser")
	address := term.await(`Visit this URL to authorize:\s+(\S+)`)
	term.await(`Enter the code that it shows: `)
	tab := b.newTab()
	tab.open(address)
	at.as(t, tab)
	awaitText(t, tab, "h1", "One step is left")
	keep(t, tab, "terminal/paste")
	term.enter(tab.text("code"))
	loggedIn(t, a, term)
}

// loggedIn checks how a login ends.
func loggedIn(t *testing.T, a *account, term *terminal) {
	t.Helper()
	screen := a.ends(term, 0)
	if !strings.Contains(screen, "Logged in as: ") {
		t.Errorf("the screen shows:\n%s", screen)
	}
	if strings.Contains(screen, "Waiting for") {
		t.Error("the spinner is still there")
	}
	if handle := keptHandle(t, a); handle == "" || strings.Contains(term.raw(), handle) {
		t.Errorf("the handle is not kept, or shown:\n%s", screen)
	}
}

// keptHandle is the handle of the account's one session, "" when there is none.
func keptHandle(t *testing.T, a *account) string {
	t.Helper()
	var kept struct{ Secret struct{ Handle string } }
	if text := a.kept(); text != "" {
		if err := json.Unmarshal([]byte(text), &kept); err != nil {
			t.Fatal(err)
		}
	}
	return kept.Secret.Handle
}

var spaces = regexp.MustCompile(`\s+`)

// uses goes through what a session is for, to its end.
func uses(t *testing.T, a *account, at brokered) {
	t.Helper()
	handle := keptHandle(t, a)
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"whoami"}, 0, "Provider: " + at.name + " at " + at.app},
		{[]string{"call", "GET", at.userinfo}, 0, `"email":"alice@example.com"`},
		{[]string{"call", "GET", at.keys}, 1, "call_not_allowed"},
		{[]string{"logout"}, 0, "Logged out: "},
		{[]string{"whoami"}, 4, "not logged in"},
	} {
		term := a.run(step.args...)
		screen := a.ends(term, step.code)
		if !strings.Contains(spaces.ReplaceAllString(screen, " "), step.want) {
			t.Errorf("%s shows\n%s\nwant %s", term.name, screen, step.want)
		}
		if strings.Contains(term.raw(), handle) {
			t.Errorf("%s shows the handle", term.name)
		}
	}
}

// A person who declines, and one who gives up.
func TestTerminalLoginsThatEnd(t *testing.T) {
	_, app, _ := startDev(t)
	t.Run("interrupted", func(t *testing.T) {
		a := newAccount(t)
		term := a.run("login", "--broker", app, "--provider", "dev", "--keep", "file")
		term.await(`Waiting for the login in the browser`)
		if _, err := term.file.Write([]byte{3}); err != nil { // Ctrl-C
			t.Fatal(err)
		}
		if screen := a.ends(term, 130); !strings.Contains(screen, "gatehouse: error: interrupted") {
			t.Errorf("the screen shows:\n%s", screen)
		}
		a.keepTranscript("interrupted")
	})
	t.Run("a code that is none", func(t *testing.T) {
		a := newAccount(t)
		term := a.run("login", "--broker", app, "--provider", "dev", "--keep", "file", "--flow", "paste")
		term.await(`Enter the code that it shows: `)
		term.enter("AAAA-BBBB-CCCC-DDDD")
		if screen := a.ends(term, 1); !strings.Contains(screen, "(invalid_grant)") {
			t.Errorf("the screen shows:\n%s", screen)
		}
		a.keepTranscript("wrong-code")
	})
	t.Run("an unknown provider", func(t *testing.T) {
		a := newAccount(t)
		term := a.run("login", "--broker", app, "--provider", "github", "--keep", "file")
		if screen := a.ends(term, 1); !strings.Contains(screen, "gatehouse: hint: the broker knows dev") {
			t.Errorf("the screen shows:\n%s", screen)
		}
		a.keepTranscript("unknown-provider")
	})
}
