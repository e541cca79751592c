package lookalike

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// GitHub looks like github.com (/login/oauth/) and api.github.com. Its quirks: the
// token endpoint answers with a form unless asked for JSON, and refuses with status
// 200; scopes are separated by commas; tokens do not expire; the API wants a
// User-Agent and refuses with 403 what is too much; revocation is a call of the API.
type GitHub struct {
	ID, Secret, User string
	Redirects        []string
	Now              func() time.Time
	// AlwaysForm ignores that JSON was asked for.
	AlwaysForm bool
	// Exhausted answers every call with the 403 of a used-up limit.
	Exhausted bool

	codes grants
	mu    sync.Mutex
	// tokens have their scopes.
	tokens map[string]string
	// Calls came with a good token.
	Calls []string
}

// ServeHTTP implements [http.Handler].
func (g *GitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.codes.now = g.Now
	switch {
	case r.URL.Path == "/login/oauth/authorize":
		g.authorize(w, r)
	case r.URL.Path == "/login/oauth/access_token" && r.Method == http.MethodPost:
		g.token(w, r)
	default:
		g.api(w, r)
	}
}

// Tokens returns how many tokens are good.
func (g *GitHub) Tokens() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.tokens)
}

// Forget ends every token.
func (g *GitHub) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens = nil
}

func (g *GitHub) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect := q.Get("redirect_uri")
	switch {
	case q.Get("client_id") != g.ID:
		http.NotFound(w, r)
	case !slices.Contains(g.Redirects, redirect):
		back(w, g.Redirects[0], url.Values{"error": {"redirect_uri_mismatch"},
			"error_description": {"The redirect_uri MUST match the registered callback URL for this application."}, "state": q["state"]})
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		http.Error(w, "only S256", http.StatusBadRequest)
	case r.Method != http.MethodPost:
		page(w, r, "GitHub")
	case cmp.Or(r.PostFormValue("answer"), q.Get("answer")) != "allow":
		back(w, redirect, url.Values{"error": {"access_denied"}, "error_description": {"The user has denied your application access."}, "state": q["state"]})
	default:
		c := g.codes.add(&code{redirect: redirect, challenge: q.Get("code_challenge"), scope: q.Get("scope")})
		back(w, redirect, url.Values{"code": {c}, "state": q["state"]})
	}
}

func (g *GitHub) token(w http.ResponseWriter, r *http.Request) {
	say := func(fields map[string]string) {
		if strings.Contains(r.Header.Get("Accept"), "application/json") && !g.AlwaysForm {
			respond(w, http.StatusOK, fields)
			return
		}
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		_, _ = w.Write([]byte(form.Encode()))
	}
	refuse := func(code, description string) {
		say(map[string]string{"error": code, "error_description": description,
			"error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"})
	}
	_ = r.ParseForm()
	g.codes.mu.Lock()
	defer g.codes.mu.Unlock()
	c := g.codes.codes[r.PostForm.Get("code")]
	switch {
	case r.PostForm.Get("client_id") != g.ID || r.PostForm.Get("client_secret") != g.Secret:
		refuse("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
	case c == nil || c.used || g.codes.clock().Sub(c.made) > 10*time.Minute:
		refuse("bad_verification_code", "The code passed is incorrect or expired.")
	case c.redirect != r.PostForm.Get("redirect_uri"):
		refuse("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.")
	case c.challenge != "" && !proves(c.challenge, r.PostForm.Get("code_verifier")):
		refuse("bad_verification_code", "The code passed is incorrect or expired.")
	default:
		c.used = true
		token := "gho_" + rand.Text()
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.tokens == nil {
			g.tokens = map[string]string{}
		}
		g.tokens[token] = strings.ReplaceAll(c.scope, " ", ",")
		say(map[string]string{"access_token": token, "scope": g.tokens[token], "token_type": "bearer"})
	}
}

func (g *GitHub) api(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, message string) {
		respond(w, status, map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest"})
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.URL.Path == "/applications/"+g.ID+"/token" && r.Method == http.MethodDelete {
		var body struct {
			Token string `json:"access_token"`
		}
		id, secret, _ := r.BasicAuth()
		switch {
		case id != g.ID || secret != g.Secret:
			refuse(http.StatusNotFound, "Not Found")
		case json.NewDecoder(r.Body).Decode(&body) != nil || g.tokens[body.Token] == "":
			refuse(http.StatusUnprocessableEntity, "Validation Failed")
		default:
			delete(g.tokens, body.Token)
			w.WriteHeader(http.StatusNoContent)
		}
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	scope, known := g.tokens[token]
	switch {
	case r.Header.Get("User-Agent") == "":
		http.Error(w, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.", http.StatusForbidden)
	case g.Exhausted:
		w.Header().Set("X-RateLimit-Remaining", "0")
		refuse(http.StatusForbidden, "API rate limit exceeded")
	case !known:
		refuse(http.StatusUnauthorized, "Bad credentials")
	case r.URL.Path == "/user":
		g.Calls = append(g.Calls, r.Method+" "+r.URL.RequestURI())
		w.Header().Set("X-OAuth-Scopes", strings.ReplaceAll(scope, ",", ", "))
		w.Header().Set("Set-Cookie", "_gh_sess=tracking")
		w.Header().Set("ETag", `W/"1"`)
		respond(w, http.StatusOK, map[string]any{"login": g.User, "id": 1})
	default:
		g.Calls = append(g.Calls, r.Method+" "+r.URL.RequestURI())
		respond(w, http.StatusOK, map[string]any{"path": r.URL.EscapedPath()})
	}
}
