package lookalike

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Spotify looks like accounts.spotify.com (/authorize, /api/token) and api.spotify.com
// (/v1/). Its quirks: exact redirect URIs, never on localhost; a client without secret
// needs PKCE and gets a new refresh token with each refresh, one with a secret keeps
// its own and is not told again; errors of the API are objects.
type Spotify struct {
	ID, Secret, User string
	Redirects        []string
	// Lifetime of an access token; 0 means an hour.
	Lifetime time.Duration
	Now      func() time.Time
	// Busy answers every call with 429.
	Busy bool

	codes grants
	mu    sync.Mutex
	// access has the expiry of access tokens; refresh what refresh tokens are for.
	access  map[string]time.Time
	refresh map[string]string
	// Refreshes counts redeemed refresh tokens, Calls what came with a good token.
	Refreshes int
	Calls     []string
}

// ServeHTTP implements [http.Handler].
func (s *Spotify) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.codes.now = s.Now
	switch {
	case r.URL.Path == "/authorize":
		s.authorize(w, r)
	case r.URL.Path == "/api/token" && r.Method == http.MethodPost:
		s.token(w, r)
	case strings.HasPrefix(r.URL.Path, "/v1/"):
		s.api(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Forget ends every grant.
func (s *Spotify) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access, s.refresh = nil, nil
}

func (s *Spotify) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != s.ID:
		http.Error(w, "INVALID_CLIENT: Invalid client", http.StatusBadRequest)
	case err != nil || redirect.Hostname() == "localhost" || !slices.Contains(s.Redirects, q.Get("redirect_uri")):
		http.Error(w, "INVALID_CLIENT: Invalid redirect URI", http.StatusBadRequest)
	case q.Get("response_type") != "code":
		back(w, q.Get("redirect_uri"), url.Values{"error": {"unsupported_response_type"}, "state": q["state"]})
	case q.Get("code_challenge") == "" && s.Secret == "" || q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		back(w, q.Get("redirect_uri"), url.Values{"error": {"invalid_request"}, "state": q["state"]})
	case r.Method != http.MethodPost:
		page(w, r, "Spotify")
	case cmp.Or(r.PostFormValue("answer"), q.Get("answer")) != "allow":
		back(w, q.Get("redirect_uri"), url.Values{"error": {"access_denied"}, "state": q["state"]})
	default:
		c := s.codes.add(&code{redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), scope: q.Get("scope")})
		back(w, q.Get("redirect_uri"), url.Values{"code": {c}, "state": q["state"]})
	}
}

func (s *Spotify) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, description string) {
		respond(w, status, map[string]string{"error": code, "error_description": description})
	}
	if err := r.ParseForm(); err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		refuse(http.StatusUnsupportedMediaType, "server_error", "")
		return
	}
	id, secret, basic := r.BasicAuth()
	id, _ = url.QueryUnescape(id) // RFC 6749, section 2.3.1
	secret, _ = url.QueryUnescape(secret)
	if !basic {
		id = r.PostForm.Get("client_id")
	}
	if id != s.ID || basic && secret != s.Secret || !basic && s.Secret != "" {
		refuse(http.StatusBadRequest, "invalid_client", "Invalid client secret")
		return
	}
	scope := ""
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		s.codes.mu.Lock()
		defer s.codes.mu.Unlock()
		c := s.codes.codes[r.PostForm.Get("code")]
		switch {
		case c == nil || c.used || s.codes.clock().Sub(c.made) > 10*time.Minute:
			refuse(http.StatusBadRequest, "invalid_grant", "Invalid authorization code")
			return
		case c.redirect != r.PostForm.Get("redirect_uri"):
			refuse(http.StatusBadRequest, "invalid_grant", "Invalid redirect URI")
			return
		case c.challenge != "" && !proves(c.challenge, r.PostForm.Get("code_verifier")):
			refuse(http.StatusBadRequest, "invalid_grant", "code_verifier was incorrect")
			return
		}
		c.used, scope = true, c.scope
	case "refresh_token":
		s.mu.Lock()
		defer s.mu.Unlock()
		var known bool
		if scope, known = s.refresh[r.PostForm.Get("refresh_token")]; !known {
			refuse(http.StatusBadRequest, "invalid_grant", "Refresh token revoked")
			return
		}
		s.Refreshes++
		answer := s.issue(scope)
		if s.Secret == "" {
			delete(s.refresh, r.PostForm.Get("refresh_token"))
		} else {
			delete(s.refresh, answer["refresh_token"].(string))
			delete(answer, "refresh_token")
		}
		respond(w, http.StatusOK, answer)
		return
	default:
		refuse(http.StatusBadRequest, "unsupported_grant_type", "grant_type parameter is missing")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	respond(w, http.StatusOK, s.issue(scope))
}

// issue makes tokens. The caller holds mu.
func (s *Spotify) issue(scope string) map[string]any {
	if s.access == nil {
		s.access, s.refresh = map[string]time.Time{}, map[string]string{}
	}
	life := cmp.Or(s.Lifetime, time.Hour)
	access, refresh := "BQ"+rand.Text(), "AQ"+rand.Text()
	s.access[access], s.refresh[refresh] = s.codes.clock().Add(life), scope
	return map[string]any{
		"access_token": access, "token_type": "Bearer", "scope": scope, "expires_in": int(life / time.Second), "refresh_token": refresh,
	}
}

func (s *Spotify) api(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, message string) {
		respond(w, status, map[string]any{"error": map[string]any{"status": status, "message": message}})
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	expiry, known := s.access[token]
	switch {
	case s.Busy:
		w.Header().Set("Retry-After", "30")
		refuse(http.StatusTooManyRequests, "API rate limit exceeded")
	case !bearer:
		refuse(http.StatusUnauthorized, "No token provided")
	case !known:
		refuse(http.StatusUnauthorized, "Invalid access token")
	case !s.codes.clock().Before(expiry):
		refuse(http.StatusUnauthorized, "The access token expired")
	case r.URL.Path == "/v1/me":
		s.Calls = append(s.Calls, r.Method+" "+r.URL.RequestURI())
		respond(w, http.StatusOK, map[string]any{"display_name": s.User, "id": strings.ToLower(s.User), "type": "user"})
	default:
		s.Calls = append(s.Calls, r.Method+" "+r.URL.RequestURI())
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		respond(w, http.StatusOK, map[string]any{"href": "https://api.spotify.com" + r.URL.RequestURI(), "items": []any{}})
	}
}
