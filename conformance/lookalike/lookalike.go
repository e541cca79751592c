// Package lookalike has servers that look like Last.fm, Spotify and GitHub to a client:
// their authorization pages, token endpoints and a little of their APIs, with the
// quirks that are documented. They are written from the documentation and share no code
// with the gateway.
//
// Each is an [http.Handler] that goes by the path only, so it can stand on the
// provider's own host names behind a [Network], or on any address of a test. They are
// strict: what the real ones are known to refuse, they refuse.
package lookalike

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"
)

// Network is a transport that hands requests to handlers by their host.
type Network map[string]http.Handler

// RoundTrip implements [http.RoundTripper].
func (n Network) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := n[r.URL.Host]
	if !ok {
		return nil, errors.New("lookalike: no such host: " + r.URL.Host)
	}
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header, in.ContentLength = r.Header.Clone(), r.ContentLength
	w := httptest.NewRecorder()
	h.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}

// grants are codes or tokens that were given out.
type grants struct {
	now func() time.Time

	mu    sync.Mutex
	codes map[string]*code
}

// code is an authorization code, or a token of Last.fm.
type code struct {
	made                   time.Time
	redirect, challenge    string
	scope                  string
	allowed, used, desktop bool
}

func (g *grants) add(c *code) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.made = g.clock()
	if g.codes == nil {
		g.codes = map[string]*code{}
	}
	name := rand.Text()
	g.codes[name] = c
	return name
}

func (g *grants) clock() time.Time {
	if g.now == nil {
		return time.Now()
	}
	return g.now()
}

// page asks the person. Both answers are forms that go back to this address.
func page(w http.ResponseWriter, r *http.Request, who string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	target := html.EscapeString(r.URL.RequestURI())
	fmt.Fprintf(w, `<!doctype html><title>%s</title><h1>%[1]s</h1>
<form method="post" action="%[2]s"><button id="allow" name="answer" value="allow">Allow</button>
<button id="deny" name="answer" value="deny">Deny</button></form>`, who, target)
}

// back sends the browser to a redirect URI with parameters added.
func back(w http.ResponseWriter, redirect string, parameters url.Values) {
	u, err := url.Parse(redirect)
	if err != nil {
		http.Error(w, "malformed redirect URI", http.StatusBadRequest)
		return
	}
	q := u.Query()
	for name, values := range parameters {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	w.Header().Set("Location", u.String())
	w.WriteHeader(http.StatusFound)
}

// Answer is what a person does on the page of an authorization URL: "allow" or "deny".
// It returns where the browser is sent, empty when it stays.
func Answer(n Network, address, answer string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	res, err := n.RoundTrip(r)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return res.Header.Get("Location"), fmt.Errorf("lookalike: the page has status %d", res.StatusCode)
	}
	r.Method, r.Body = http.MethodPost, http.NoBody
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q := r.URL.Query()
	q.Set("answer", answer)
	r.URL.RawQuery = q.Encode()
	if res, err = n.RoundTrip(r); err != nil {
		return "", err
	}
	return res.Header.Get("Location"), nil
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// proves reports whether verifier belongs to an S256 challenge.
func proves(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}
