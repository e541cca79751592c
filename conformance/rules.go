package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// checkRules holds an answer that the gateway made itself to what is true of all of
// them.
func checkRules(config map[string]string, status int, h http.Header, body string) []error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf("every answer: "+format, args...)) }
	if status == http.StatusInternalServerError && !strings.Contains(body, `"code":"not_configured"`) {
		add("500 is never one")
	}
	if h.Get("X-Content-Type-Options") != "nosniff" {
		add("X-Content-Type-Options: nosniff is missing")
	}
	csp := strings.Join(h.Values("Content-Security-Policy"), "; ")
	// A logout in a frame is for the provider's pages, and has nothing to click on.
	framed := csp == "default-src 'none'; frame-ancestors "+config["AUTH_SERVER_URL"]
	if h.Get("X-Frame-Options") != "DENY" && !strings.Contains(csp, "frame-ancestors 'none'") && !framed {
		add("framing is not denied (X-Frame-Options or frame-ancestors)")
	}
	if !strings.Contains(h.Get("Cache-Control"), "no-store") {
		add("Cache-Control: no-store is missing")
	}
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if mediaType == "text/html" && !strings.Contains(csp, "default-src 'none'") {
		add("a page without Content-Security-Policy: default-src 'none'")
	}
	if body != "" && mediaType == "" {
		add("a body without Content-Type")
	}
	for _, origin := range h.Values("Access-Control-Allow-Origin") {
		if !slices.Contains(list(config["BROKER_ORIGINS"]), origin) || !slices.Contains(list(strings.Join(h.Values("Vary"), ",")), "Origin") {
			add("Access-Control-Allow-Origin is set, to %s, which BROKER_ORIGINS lacks, or Vary lacks Origin", origin)
		}
	}
	if location := h.Get("Location"); location != "" {
		if err := checkLocation(config, location); err != nil {
			add("%v", err)
		}
	}
	for _, line := range h.Values("Set-Cookie") {
		if err := checkCookie(config, line); err != nil {
			add("%v", err)
		}
	}
	return errs
}

// checkLocation accepts a path on the public origin, and the origins that the
// configuration names.
func checkLocation(config map[string]string, location string) error {
	u, err := url.Parse(location)
	if err != nil || strings.ContainsAny(location, "\\\r\n\t") {
		return fmt.Errorf("malformed Location %s", shorten(location))
	}
	if u.Scheme == "" && u.Host == "" && strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//") {
		return nil
	}
	known := []string{config["APP_URL"]}
	if issuer, err := url.Parse(config["AUTH_SERVER_URL"]); err == nil {
		known = append(known, issuer.Scheme+"://"+issuer.Host)
	}
	known = append(known, strings.Split(config["ADDITIONAL_APP_URLS"], ",")...)
	if u.Host != "" && slices.Contains(known, u.Scheme+"://"+u.Host) && u.User == nil {
		return nil
	}
	if u.Scheme == "https" && slices.Contains(strings.Split(config["EGRESS_HOSTS"], ","), u.Host) {
		return nil
	}
	if config["BROKER_PROVIDERS"] != "" && brokerLocation(config, u, location) {
		return nil
	}
	return fmt.Errorf("redirect to %s leads away from the origins that the configuration names", shorten(location))
}

func checkCookie(config map[string]string, line string) error {
	c, err := http.ParseSetCookie(line)
	if err != nil {
		return fmt.Errorf("malformed Set-Cookie %s", shorten(line))
	}
	switch {
	case !c.HttpOnly:
		return fmt.Errorf("cookie %s without HttpOnly", c.Name)
	case c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode:
		return fmt.Errorf("cookie %s without SameSite", c.Name)
	case c.Path != "/" || c.Domain != "":
		return fmt.Errorf("cookie %s: want Path=/ and no Domain", c.Name)
	case config["DEV_MODE"] != "true" && (!c.Secure || !strings.HasPrefix(c.Name, "__Host-")):
		return fmt.Errorf("cookie %s: want Secure and the prefix __Host-", c.Name)
	}
	return nil
}

// loopbackCallback is where programs on the person's machine listen (RFC 8252, section 7.3).
var loopbackCallback = regexp.MustCompile(`^http://(127\.0\.0\.1|\[::1\]):[0-9]+/callback[?]`)

// providerHosts are those of the providers that are known without configuration.
var providerHosts = []string{"www.last.fm", "accounts.spotify.com", "github.com", "accounts.google.com"}

// brokerLocation accepts where the broker sends browsers: to providers, and back to
// programs.
func brokerLocation(config map[string]string, u *url.URL, location string) bool {
	if loopbackCallback.MatchString(location) || u.Scheme == "https" && slices.Contains(providerHosts, u.Host) {
		return true
	}
	for _, r := range list(config["BROKER_REDIRECTS"]) {
		if strings.HasPrefix(location, r+"?") || strings.HasPrefix(location, r+"&") {
			return true
		}
	}
	for name, v := range config {
		if strings.HasPrefix(name, "BROKER_") && strings.HasSuffix(name, "_AUTHORIZATION_ENDPOINT") && strings.HasPrefix(location, v+"?") {
			return true
		}
	}
	return false
}

// list splits a setting at commas.
func list(setting string) []string {
	var items []string
	for item := range strings.SplitSeq(setting, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
