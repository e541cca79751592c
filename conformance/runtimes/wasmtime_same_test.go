//go:build runtimes

package runtimes

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// drawn is what differs between two answers of one gateway.
var drawn = regexp.MustCompile(`(?:localhost|127\.0\.0\.1)(?::|%3A)\d+|[A-Za-z0-9_-]{20,}`)

// TestWasmtimeAnswersLikeNative: the same requests to the native command and to the
// component get the same status, header and body, but for what is drawn. That each does
// what is expected of it is for the cases.
func TestWasmtimeAnswersLikeNative(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s\n", r.Method, r.RequestURI, body)
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			// The component knows no client, and hosts add what they like to these.
			if !slices.Contains([]string{"X-Forwarded-For", "X-Real-Ip", "X-Request-Id", "Accept-Encoding", "User-Agent", "Cookie"}, name) {
				fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
			}
		}
	})
	s := startWasmtimeSite(t, echo)
	there := s.settings
	native := "http://localhost:" + freePort(t)
	settings := maps.Clone(there)
	settings["APP_URL"], settings["AUTH_SERVER_URL"], settings["STORE"] = native, startProvider(t, native), "memory"
	delete(settings, "STORE_URL")
	delete(settings, "STORE_TOKEN")
	startServe(t, native, settings)
	var got [2][]string
	for i, app := range []string{native, s.app} {
		for _, client := range []*http.Client{{}, logIn(t, app, landing)} {
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			for _, line := range []string{
				"GET /health", "GET /ready", "GET /login", "HEAD /login", "GET /logout", "GET /api/whoami", "DELETE /api/whoami",
				"GET /page?a=b&c=%2F", "POST /page", "PUT /a%20b", "OPTIONS /", "GET /login/callback?state=x&code=y", "GET /login/none",
				"GET /login/authorize?return_to=%2Fx",
			} {
				got[i] = append(got[i], answerTo(t, client, app, line))
			}
		}
	}
	for i := range got[0] {
		if got[0][i] != got[1][i] {
			t.Errorf("native answers\n%s\nand Wasmtime\n%s", got[0][i], got[1][i])
		}
	}
	t.Logf("%d answers compared", len(got[0]))
}

// answerTo is an answer without what is drawn.
func answerTo(t *testing.T, client *http.Client, app, line string) string {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r, err := http.NewRequest(method, app+path, strings.NewReader("body"))
	if method == http.MethodGet || method == http.MethodHead {
		r, err = http.NewRequest(method, app+path, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", app)
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %d\n", line, res.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		// Framing and the date are the server's.
		if !slices.Contains([]string{"Date", "Content-Length", "Connection"}, name) {
			fmt.Fprintf(&out, "%s: %s\n", name, drawn.ReplaceAllString(fmt.Sprintf("%q", res.Header[name]), "*"))
		}
	}
	return out.String() + "\n" + drawn.ReplaceAllString(string(body), "*")
}
