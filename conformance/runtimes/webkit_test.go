//go:build runtimes

package runtimes

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWebKitLogsIn(t *testing.T) {
	everySite(t, func(t *testing.T, s *site) { logsIn(t, startWebKit(t), s) })
}

// In a browser of its own: the driver cannot picture a tab that is not in front.
func TestWebKitShowsPages(t *testing.T) {
	s := newEmbedded(t)
	tab := startWebKit(t).tab()
	tab.open(s.app + deepLink)
	awaitPage(t, tab, s.provider)
	tab.text(s.password)
	keep(t, tab, "webkit/provider-login")
	s.login(tab, true)
	awaitPage(t, tab, s.app+deepLink)
	showsApplication(t, tab, s, deepLink)
	keep(t, tab, "webkit/application")
	tab.open(s.app + "/logout")
	awaitText(t, tab, "h1", "Log out?")
	keep(t, tab, "webkit/logout-confirm")
	tab.open(s.app + "/login/callback")
	awaitText(t, tab, "h1", "expired")
	keep(t, tab, "webkit/error-login-expired")
}

// startWebKit starts WebKitGTK's small browser in automation mode until the test
// ends: the engine of Safari, with its cookie and redirect rules, but not Safari.
func startWebKit(t *testing.T) browser {
	t.Helper()
	const debianPackage = "webkit2gtk-driver"
	driver := program(t, "WebKitWebDriver", debianPackage)
	var found []string
	for _, pattern := range []string{"/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/lib/*/webkitgtk-6.*/MiniBrowser",
		"/usr/libexec/webkit2gtk-4.*/MiniBrowser", "/usr/libexec/webkitgtk-6.*/MiniBrowser"} {
		paths, _ := filepath.Glob(pattern)
		found = append(found, paths...)
	}
	if len(found) == 0 {
		t.Fatalf("MiniBrowser is not installed (Debian package %s)", debianPackage)
	}
	port := freePort(t)
	cmd := exec.Command(driver, "--host=127.0.0.1", "--port="+port)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "DISPLAY="+startDisplay(t), "GDK_BACKEND=x11", "HOME="+home,
		"XDG_CACHE_HOME="+filepath.Join(home, "cache"), "XDG_DATA_HOME="+filepath.Join(home, "data"),
		"XDG_RUNTIME_DIR="+home, "LIBGL_ALWAYS_SOFTWARE=1", "NO_AT_BRIDGE=1", "GSETTINGS_BACKEND=memory")
	start(t, "WebKitWebDriver", cmd)
	address := "http://127.0.0.1:" + port
	until(t, "WebKitWebDriver to answer", func() bool {
		res, err := http.Get(address + "/status")
		if err == nil {
			res.Body.Close()
		}
		return err == nil
	}, func() string { return "nobody listens" })
	return newWebDriver(t, address, map[string]any{
		"browserName":              "MiniBrowser",
		"webkitgtk:browserOptions": map[string]any{"binary": found[0], "args": []string{"--automation"}},
	})
}

// startDisplay starts an X server without a screen, which WebKitGTK cannot do
// without, and returns its name.
func startDisplay(t *testing.T) string {
	t.Helper()
	announced, announce, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer announced.Close()
	cmd := exec.Command(program(t, "Xvfb", "xvfb"), "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{announce}
	start(t, "Xvfb", cmd)
	announce.Close()
	_ = announced.SetReadDeadline(time.Now().Add(patience))
	number, err := bufio.NewReader(announced).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb chooses no display: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}
