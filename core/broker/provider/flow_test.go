package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/conformance/lookalike"
	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

func lastFM(t *testing.T) (*provider.Provider, *lookalike.LastFM, lookalike.Network, *tick) {
	clock := &tick{at: now}
	l := &lookalike.LastFM{Key: "the client/id", Secret: canary, User: "rj", Now: clock.now}
	n := lookalike.Network{"www.last.fm": l, "ws.audioscrobbler.com": l}
	return newProvider(t, settings("lastfm"), provider.Parts{Fetch: n, Now: clock.now}), l, n, clock
}

func TestLastFMInABrowser(t *testing.T) {
	for _, text := range []bool{false, true} {
		p, l, n, _ := lastFM(t)
		l.SubscriberText = text
		f := goThrough(t, p, n, "allow")
		g, err := p.Redeem(t.Context(), f.answer())
		if err != nil {
			t.Fatal(err)
		}
		if g.Name != "rj" || len(g.Access.Reveal()) != 32 || string(g.Session) != `{"name":"rj","subscriber":0}` || g.TokenType != "lastfm" || !g.Expiry.IsZero() {
			t.Errorf("got %+v %s", g, g.Session)
		}
		if name, err := p.Profile(t.Context(), g); name != "rj" || err != nil {
			t.Errorf("profile %q, %v", name, err)
		}
		_, err = p.Redeem(t.Context(), f.answer())
		kind(t, err, provider.Invalid) // once only
		_, err = p.Refresh(t.Context(), g)
		kind(t, err, provider.Ended)
		if p.Revokes(t.Context()) || p.Revoke(t.Context(), g) != nil {
			t.Error("Last.fm cannot revoke")
		}
	}
	p, _, n, _ := lastFM(t)
	if f := goThrough(t, p, n, "deny"); f.landed.String() != "" {
		t.Errorf("landed at %s", f.landed)
	}
}

func TestLastFMWithoutACallback(t *testing.T) {
	p, _, n, clock := lastFM(t)
	for _, allowed := range []bool{false, true} {
		for name, has := range map[string]bool{"lastfm": true, "github": false} {
			s := settings(name)
			s.Desktop = allowed
			if newProvider(t, s, provider.Parts{Fetch: n}).Desktop() != (has && allowed) {
				t.Errorf("%s, allowed %v", name, allowed)
			}
		}
	}
	token, err := p.RequestToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := p.Redeem(t.Context(), provider.Answer{Token: token})
		kind(t, err, provider.Pending)
	}
	address, err := p.AuthorizationURL(t.Context(), provider.Authorization{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lookalike.Answer(n, address, "allow"); err != nil {
		t.Fatal(err)
	}
	if g, err := p.Redeem(t.Context(), provider.Answer{Token: token}); err != nil || g.Name != "rj" {
		t.Errorf("got %+v, %v", g, err)
	}
	late, err := p.RequestToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clock.pass(time.Hour)
	_, err = p.Redeem(t.Context(), provider.Answer{Token: late})
	kind(t, err, provider.Expired)
	_, err = newProvider(t, settings("github"), provider.Parts{Fetch: nobody(t)}).RequestToken(t.Context())
	kind(t, err, provider.Unsupported)
}

func TestLastFMErrorsWhateverTheStatus(t *testing.T) {
	for _, status := range []int{0, 200, 400, 403, 500} {
		p, l, _, _ := lastFM(t)
		l.ErrorStatus = status
		_, err := p.Redeem(t.Context(), provider.Answer{Token: "unknown"})
		kind(t, err, provider.Invalid)
		l.Secret = "another"
		_, err = p.RequestToken(t.Context())
		kind(t, err, provider.Configuration)
		l.Key = "another"
		_, err = p.RequestToken(t.Context())
		kind(t, err, provider.Configuration)
		l.Busy = true
		_, err = p.RequestToken(t.Context())
		kind(t, err, provider.Busy)
		if e, ok := err.(*provider.Error); !ok || e.RetryAfter != 7*time.Second {
			t.Errorf("got %v", err)
		}
		l.Down = true
		_, err = p.RequestToken(t.Context())
		kind(t, err, provider.Unavailable)
	}
}

func spotify(t *testing.T, private bool) (*provider.Provider, *lookalike.Spotify, lookalike.Network, *tick) {
	clock := &tick{at: now}
	s := settings("spotify")
	l := &lookalike.Spotify{ID: s.ClientID, Secret: canary, User: "Alice", Redirects: []string{callback + "spotify"}, Now: clock.now}
	if !private {
		s.ClientSecret, l.Secret = secret.Text{}, ""
	}
	s.Scopes = []string{"user-read-email", "streaming"}
	n := lookalike.Network{"accounts.spotify.com": l, "api.spotify.com": l}
	return newProvider(t, s, provider.Parts{Fetch: n, Now: clock.now}), l, n, clock
}

func TestSpotify(t *testing.T) {
	for name, private := range map[string]bool{"with a secret": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			p, l, n, clock := spotify(t, private)
			f := goThrough(t, p, n, "allow")
			stolen := f.answer()
			stolen.Verifier = strings.Repeat("x", 43)
			_, err := p.Redeem(t.Context(), stolen)
			kind(t, err, provider.Invalid)
			g, err := p.Redeem(t.Context(), f.answer())
			if err != nil || strings.Join(g.Scopes, " ") != "user-read-email streaming" || g.Expiry != now.Add(time.Hour) || g.Refresh.Empty() {
				t.Fatalf("got %+v, %v", g, err)
			}
			if name, err := p.Profile(t.Context(), g); name != "Alice" || err != nil {
				t.Errorf("profile %q, %v", name, err)
			}
			clock.pass(time.Hour)
			_, err = p.Profile(t.Context(), g)
			kind(t, err, provider.Unauthorized)
			for range 2 {
				newer, err := p.Refresh(t.Context(), g)
				if err != nil || newer.Access == g.Access || (newer.Refresh == g.Refresh) != private || newer.Refresh.Empty() || newer.Expiry != clock.now().Add(time.Hour) {
					t.Fatalf("got %+v, %v", newer, err)
				}
				g = newer
			}
			l.Forget()
			_, err = p.Refresh(t.Context(), g)
			kind(t, err, provider.Ended)
			if p.Revokes(t.Context()) {
				t.Error("Spotify cannot revoke")
			}
			denied := goThrough(t, p, n, "deny")
			_, err = p.Redeem(t.Context(), denied.answer())
			kind(t, err, provider.Denied)
		})
	}
}

func TestGitHub(t *testing.T) {
	for name, form := range map[string]bool{"JSON": false, "a form": true} {
		t.Run(name, func(t *testing.T) {
			s := settings("github")
			s.Scopes = []string{"repo", "gist"}
			l := &lookalike.GitHub{ID: s.ClientID, Secret: canary, User: "octocat", Redirects: []string{callback + "github"}, AlwaysForm: form}
			n := lookalike.Network{"github.com": l, "api.github.com": l}
			p := newProvider(t, s, provider.Parts{Fetch: n})
			f := goThrough(t, p, n, "allow")
			g, err := p.Redeem(t.Context(), f.answer())
			if err != nil || strings.Join(g.Scopes, " ") != "repo gist" || !g.Expiry.IsZero() || !g.Refresh.Empty() || g.TokenType != "Bearer" {
				t.Fatalf("got %+v, %v", g, err)
			}
			if name, err := p.Profile(t.Context(), g); name != "octocat" || err != nil {
				t.Errorf("profile %q, %v", name, err)
			}
			_, err = p.Redeem(t.Context(), f.answer())
			kind(t, err, provider.Invalid) // with status 200
			l.Secret = "rotated"
			_, err = p.Redeem(t.Context(), goThrough(t, p, n, "allow").answer())
			kind(t, err, provider.Configuration) // with status 200
			l.Secret = canary
			_, err = p.Redeem(t.Context(), goThrough(t, p, n, "deny").answer())
			kind(t, err, provider.Denied)
			if !p.Revokes(t.Context()) {
				t.Error("GitHub can revoke")
			}
			for range 2 {
				if err := p.Revoke(t.Context(), g); err != nil || l.Tokens() != 0 {
					t.Errorf("%v, %d tokens left", err, l.Tokens())
				}
			}
			_, err = p.Profile(t.Context(), g)
			kind(t, err, provider.Unauthorized)
		})
	}
}

// What a browser brings back is looked at before anybody is asked.
func TestAnswersThatCostNoRequest(t *testing.T) {
	for query, want := range map[string]provider.Kind{
		"":                                       provider.Request,
		"code=":                                  provider.Request,
		"code=a&code=b":                          provider.Request,
		"code=a&error=x&error=y":                 provider.Request,
		"code=a%20b":                             provider.Request,
		"code=" + strings.Repeat("x", 5000):      provider.Request,
		"token=abc":                              provider.Request,
		"error=access_denied":                    provider.Denied,
		"error=access_denied&code=a":             provider.Denied,
		"error=consent_required":                 provider.Denied,
		"error=invalid_scope":                    provider.Scope,
		"error=server_error":                     provider.Unavailable,
		"error=temporarily_unavailable":          provider.Unavailable,
		"error=redirect_uri_mismatch":            provider.Configuration,
		"error=unauthorized_client":              provider.Configuration,
		"error=%0d%0aevil&error_description=%00": provider.Denied,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		p := newProvider(t, settings("github"), provider.Parts{Fetch: nobody(t)})
		_, err = p.Redeem(t.Context(), provider.Answer{Query: q, RedirectURI: "https://b.example/"})
		kind(t, err, want)
		if strings.ContainsAny(err.Error(), "\r\n\x00") {
			t.Errorf("%q", err)
		}
	}
	p := newProvider(t, settings("lastfm"), provider.Parts{Fetch: nobody(t)})
	for _, q := range []url.Values{{}, {"token": {"a", "b"}}, {"token": {"a b"}}, {"code": {"x"}}} {
		_, err := p.Redeem(t.Context(), provider.Answer{Query: q})
		kind(t, err, provider.Request)
	}
}

// Configuration alone makes a provider (S26), and a test's own protocol another (S21).
func TestProvidersThatNobodyKnew(t *testing.T) {
	l := &lookalike.Spotify{ID: "acme-id", Secret: canary, User: "Alice", Redirects: []string{callback + "acme"}}
	n := lookalike.Network{"login.acme.example": l, "api.acme.example": l}
	p := newProvider(t, provider.Settings{
		Name: "acme", ClientID: "acme-id", ClientSecret: secret.New(canary),
		AuthorizationEndpoint: "https://login.acme.example/authorize", TokenEndpoint: "https://login.acme.example/api/token",
		UserinfoEndpoint: "https://api.acme.example/v1/me", API: "https://api.acme.example/v1/", Calls: []string{"GET /things/*"},
	}, provider.Parts{Fetch: n, Now: time.Now})
	if p.Title() != "acme" {
		t.Errorf("title %q", p.Title())
	}
	g, err := p.Redeem(t.Context(), goThrough(t, p, n, "allow").answer())
	if err != nil {
		t.Fatal(err)
	}
	if name, err := p.Profile(t.Context(), g); name != "Alice" || err != nil {
		t.Errorf("profile %q, %v", name, err)
	}
	res, err := p.Call(t.Context(), g, provider.Call{Method: "GET", Path: "/things/7"})
	if err != nil || res.StatusCode != 200 {
		t.Errorf("got %v, %v", res, err)
	}
	if len(l.Calls) != 2 || l.Calls[1] != "GET /v1/things/7" {
		t.Errorf("calls %v", l.Calls)
	}
}

// stamped is OAuth with a signer of its own.
type stamped struct{ provider.OAuth }

func (s stamped) Request(p *provider.Provider, g *provider.Grant, c provider.Call) (*http.Request, error) {
	r, err := s.OAuth.Request(p, g, c)
	if err == nil {
		r.Header.Set("Authorization", "Stamp "+strings.ToUpper(g.Access.Reveal()))
	}
	return r, err
}

func TestASignerOfItsOwn(t *testing.T) {
	var seen []string
	p := newProvider(t, provider.Settings{Name: "stamped", ClientID: "id"}, provider.Parts{
		Definitions: []provider.Definition{{
			Name: "stamped", Title: "Stamped", AuthorizationEndpoint: "https://stamped.example/a", TokenEndpoint: "https://stamped.example/t",
			API: "https://stamped.example", Calls: []string{"POST /x"}, Protocol: stamped{},
		}},
		Fetch: transport(func(r *http.Request) (*http.Response, error) {
			seen = append(seen, r.URL.Path+" "+r.Header.Get("Authorization"))
			if r.URL.Path == "/t" {
				return reply(200, "application/json", `{"access_token":"token","token_type":"bearer"}`), nil
			}
			return reply(202, "text/plain", "done"), nil
		}),
	})
	g, err := p.Redeem(t.Context(), provider.Answer{Query: url.Values{"code": {"c"}}, RedirectURI: "https://b.example/"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Call(t.Context(), g, provider.Call{Method: "POST", Path: "/x"})
	if err != nil || res.StatusCode != 202 || len(seen) != 2 || seen[1] != "/x Stamp TOKEN" {
		t.Errorf("got %v, %v, %v", res, err, seen)
	}
}
