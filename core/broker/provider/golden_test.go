package provider_test

import (
	"errors"
	"strings"
	"testing"

	"gatehouse/core/broker/provider"
	"gatehouse/core/secret"
)

func TestGoldenAuthorizationURLs(t *testing.T) {
	request := provider.Authorization{
		State: "st/at+e=&", RedirectURI: "https://broker.example.com/auth/callback/x", Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		Nonce: "no nce", Scopes: []string{"a:b", "c"},
	}
	desktop := request
	desktop.Token = "desk top&"
	prefixed := request
	prefixed.RedirectURI += "?app=1"
	generic := settings("acme")
	generic.AuthorizationEndpoint, generic.TokenEndpoint = "https://login.acme.example/authorize?tenant=1", "https://login.acme.example/token"
	const pkce = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	const redirect = "&redirect_uri=https%3A%2F%2Fbroker.example.com%2Fauth%2Fcallback%2Fx"
	for _, c := range []struct {
		name     string
		settings provider.Settings
		request  provider.Authorization
		want     string
	}{
		{"Last.fm", settings("lastfm"), request,
			"https://www.last.fm/api/auth/?api_key=the+client%2Fid&cb=https%3A%2F%2Fbroker.example.com%2Fauth%2Fcallback%2Fx%3Fstate%3Dst%252Fat%252Be%253D%2526"},
		{"Last.fm, a callback with a query", settings("lastfm"), prefixed,
			"https://www.last.fm/api/auth/?api_key=the+client%2Fid&cb=https%3A%2F%2Fbroker.example.com%2Fauth%2Fcallback%2Fx%3Fapp%3D1%26state%3Dst%252Fat%252Be%253D%2526"},
		{"Last.fm desktop", settings("lastfm"), desktop, "https://www.last.fm/api/auth/?api_key=the+client%2Fid&token=desk+top%26"},
		{"Spotify", settings("spotify"), request,
			"https://accounts.spotify.com/authorize?client_id=the+client%2Fid" + pkce + redirect + "&response_type=code&scope=a%3Ab+c&state=st%2Fat%2Be%3D%26"},
		{"GitHub", settings("github"), request,
			"https://github.com/login/oauth/authorize?client_id=the+client%2Fid" + pkce + redirect + "&response_type=code&scope=a%3Ab+c&state=st%2Fat%2Be%3D%26"},
		{"Google", settings("google"), provider.Authorization{State: "s", RedirectURI: request.RedirectURI, Challenge: request.Challenge, Nonce: "n n", Scopes: []string{"openid"}},
			"https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&client_id=the+client%2Fid" + pkce + "&nonce=n+n&prompt=consent" + redirect + "&response_type=code&scope=openid&state=s"},
		{"generic", generic, request,
			"https://login.acme.example/authorize?client_id=the+client%2Fid" + pkce + redirect + "&response_type=code&scope=a%3Ab+c&state=st%2Fat%2Be%3D%26&tenant=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProvider(t, c.settings, provider.Parts{Fetch: nobody(t)})
			got, err := p.AuthorizationURL(t.Context(), c.request)
			if err != nil || got != c.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, c.want)
			}
			origin, err := p.Origin(t.Context())
			if host, _, _ := strings.Cut(c.want[len("https://"):], "/"); err != nil || origin != "https://"+host {
				t.Errorf("origin %q, %v", origin, err)
			}
		})
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	known := func(change func(*provider.Settings)) provider.Settings {
		s := settings("spotify")
		change(&s)
		return s
	}
	for _, c := range []struct {
		name     string
		settings provider.Settings
		want     string
	}{
		{"no id", known(func(s *provider.Settings) { s.ClientID = "" }), "CLIENT_ID is missing"},
		{"no secret", provider.Settings{Name: "lastfm", ClientID: "k"}, "CLIENT_SECRET is missing"},
		{"no secret at GitHub", provider.Settings{Name: "github", ClientID: "k"}, "CLIENT_SECRET is missing"},
		{"unknown without endpoints", settings("acme"), "AUTHORIZATION_ENDPOINT is missing"},
		{"http", known(func(s *provider.Settings) { s.TokenEndpoint = "http://token.example/x" }), "TOKEN_ENDPOINT must be https"},
		{"http on loopback without permission", known(func(s *provider.Settings) { s.API = "http://127.0.0.1:9/x" }), "API must be https"},
		{"another scheme", known(func(s *provider.Settings) { s.UserinfoEndpoint = "file:///etc" }), "USERINFO_ENDPOINT is not an absolute URL"},
		{"a user", known(func(s *provider.Settings) { s.Issuer = "https://a@b.example" }), "ISSUER contains a user name"},
		{"a fragment", known(func(s *provider.Settings) { s.RevocationEndpoint = "https://b.example/#x" }), "REVOCATION_ENDPOINT has a fragment"},
		{"own parameters", known(func(s *provider.Settings) { s.AuthorizationEndpoint = "https://b.example/?state=x" }), "AUTHORIZATION_ENDPOINT already has the parameter state"},
		{"a query of the API", known(func(s *provider.Settings) { s.API = "https://b.example/?x=y" }), "API must not have a query"},
		{"control characters", known(func(s *provider.Settings) { s.API = "https://b.example/\r\n" }), "API has a character"},
		{"a way to authenticate", known(func(s *provider.Settings) { s.ClientAuth = "private_key_jwt" }), "CLIENT_AUTH must be"},
		{"scopes", known(func(s *provider.Settings) { s.Scopes = []string{"a\"b"} }), "SCOPES has a scope"},
		{"allowed scopes", known(func(s *provider.Settings) { s.Scopes, s.AllowedScopes = []string{"a"}, []string{"b"} }), "ALLOWED_SCOPES lacks a"},
		{"a call without a path", known(func(s *provider.Settings) { s.Calls = []string{"GET v1"} }), "CALLS has a path that is not normalised"},
		{"a call that climbs", known(func(s *provider.Settings) { s.Calls = []string{"GET /v1/../x"} }), "CALLS has a path that is not normalised"},
		{"a call by TRACE", known(func(s *provider.Settings) { s.Calls = []string{"TRACE /v1"} }), "CALLS has a method"},
		{"a call with half a star", known(func(s *provider.Settings) { s.Calls = []string{"GET /v1/a*"} }), "CALLS has a star"},
		{"a call of nothing", known(func(s *provider.Settings) { s.Calls = []string{"*"} }), "CALLS has an entry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := provider.New(c.settings, provider.Parts{Fetch: nobody(t)})
			var e *provider.SettingError
			if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &e) || strings.Contains(err.Error(), canary) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	public := provider.Settings{Name: "spotify", ClientID: "k"}
	if _, err := provider.New(public, provider.Parts{Fetch: nobody(t)}); err != nil {
		t.Errorf("a client without a secret: %v", err)
	}
}

func TestRedirectURIsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, uri string
		refused   bool
	}{
		{"spotify", "http://localhost:8080/auth/callback", true},
		{"spotify", "https://LOCALHOST./auth/callback", true},
		{"spotify", "https://a.localhost/auth/callback", true},
		{"spotify", "http://127.0.0.1:8080/auth/callback", false},
		{"spotify", "http://[::1]:8080/auth/callback", false},
		{"spotify", "https://broker.example.com/auth/callback", false},
		{"github", "http://localhost:8080/auth/callback", false},
	} {
		if got := newProvider(t, settings(c.name), provider.Parts{Fetch: nobody(t)}).CheckRedirectURI(c.uri); (got != "") != c.refused {
			t.Errorf("%s, %s: %q", c.name, c.uri, got)
		}
	}
}

func TestScopesByAllowList(t *testing.T) {
	s := settings("spotify")
	s.Scopes, s.AllowedScopes = []string{"a"}, []string{"a", "b"}
	p := newProvider(t, s, provider.Parts{Fetch: nobody(t)})
	for scope, want := range map[string]string{"": "a", "a": "a", "b": "b", "b a": "b a", "a a": "a"} {
		if got, err := p.CheckScopes(scope); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v", scope, got, err)
		}
	}
	for _, scope := range []string{"c", "a c", "A", " ", "a  b", "a,b", "a ", "a\nb"} {
		_, err := p.CheckScopes(scope)
		kind(t, err, provider.Scope)
	}
}

func TestAProviderDoesNotPrintItsSecret(t *testing.T) {
	p := newProvider(t, settings("github"), provider.Parts{Fetch: nobody(t)})
	for _, text := range []string{sprint("%v", p), sprint("%+v", p), sprint("%#v", p), sprint("%s", p)} {
		if text != "provider.Provider(github)" {
			t.Error(text)
		}
	}
	g := &provider.Grant{Access: secret.New(canary)}
	if strings.Contains(sprint("%+v", g), canary) {
		t.Error("a grant prints its token")
	}
}
