package provider

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"gatehouse/core/identity"
	"gatehouse/core/secret"
	"gatehouse/core/signing"
	"gatehouse/core/strictjson"
)

// lastFM is not OAuth: a token instead of a code, a session key instead of tokens, and
// a signature instead of a bearer token. There is no state parameter, so state is part
// of the callback's address.
var lastFM = Definition{
	Name: "lastfm", Title: "Last.fm",
	AuthorizationEndpoint: "https://www.last.fm/api/auth/",
	TokenEndpoint:         "https://ws.audioscrobbler.com/2.0/",
	API:                   "https://ws.audioscrobbler.com/2.0/",
	Calls: []string{
		"album.get*", "artist.get*", "chart.get*", "geo.get*", "library.get*", "tag.get*", "track.get*", "user.get*",
		"album.search", "artist.search", "track.search",
		"track.love", "track.unlove", "track.scrobble", "track.updateNowPlaying",
	},
	NeedsSecret: true,
	Protocol:    lastFMProtocol{},
}

type lastFMProtocol struct{}

// Revokes reports that people end sessions in their settings only.
func (lastFMProtocol) Revokes() bool { return false }

// Revoke does nothing.
func (lastFMProtocol) Revoke(context.Context, *Provider, *Grant) error { return nil }

// AuthorizationURL sends to the page that asks for permission.
func (lastFMProtocol) AuthorizationURL(_ context.Context, p *Provider, a Authorization) (string, error) {
	u, err := url.Parse(p.s.AuthorizationEndpoint)
	if err != nil {
		return "", fail(Configuration, "malformed authorization endpoint")
	}
	q := u.Query()
	q.Set("api_key", p.s.ClientID)
	if a.Token != "" {
		q.Set("token", a.Token)
	} else {
		callback, err := url.Parse(a.RedirectURI)
		if err != nil {
			return "", fail(Configuration, "malformed redirect URI")
		}
		own := callback.Query()
		own.Set("state", a.State)
		callback.RawQuery = own.Encode()
		q.Set("cb", callback.String())
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// RequestToken asks for a token that nobody has authorized yet.
func (lastFMProtocol) RequestToken(ctx context.Context, p *Provider) (string, error) {
	members, err := p.askLastFM(ctx, map[string]string{"method": "auth.getToken"})
	if err != nil {
		return "", err
	}
	token, _ := members.Text("token")
	if token == "" || len(token) > maxCode || !visible(token) {
		return "", fail(Malformed, "auth.getToken: no token")
	}
	return token, nil
}

// Redeem exchanges a token for a session.
func (lastFMProtocol) Redeem(ctx context.Context, p *Provider, a Answer) (*Grant, error) {
	token, err := a.Token, error(nil)
	if token == "" {
		if err = unrepeated(a.Query, "token"); err == nil {
			token, err = brought(a.Query, "token")
		}
		if err != nil {
			return nil, err
		}
	}
	members, err := p.askLastFM(ctx, map[string]string{"method": "auth.getSession", "token": token})
	if err != nil {
		return nil, err
	}
	session, err := strictjson.Parse(members["session"])
	if err != nil {
		return nil, fail(Malformed, "missing session")
	}
	key, _ := session.Text("key")
	name := identity.Describing(session, "name")
	if key == "" || len(key) > maxToken || !visible(key) || name == "" {
		return nil, fail(Malformed, "session without key or name")
	}
	shown := map[string]any{"name": name}
	if n, ok := subscriber(session); ok {
		shown["subscriber"] = n
	}
	public, err := json.Marshal(shown)
	if err != nil {
		return nil, fail(Malformed, "session cannot be written")
	}
	return &Grant{Access: secret.New(key), TokenType: "lastfm", Name: name, Session: public}, nil
}

// subscriber is a number, or the number as text.
func subscriber(session strictjson.Object) (int, bool) {
	if text, ok := session.Text("subscriber"); ok {
		n, err := strconv.Atoi(text)
		return n, err == nil
	}
	n, ok := session.Number("subscriber")
	return int(n), ok && n == float64(int(n))
}

// Refresh is refused: a session key does not expire, and a refused one is over.
func (lastFMProtocol) Refresh(context.Context, *Provider, *Grant) (*Grant, error) {
	return nil, fail(Ended, "session keys are not refreshed")
}

// Profile is the session's name.
func (lastFMProtocol) Profile(_ context.Context, _ *Provider, g *Grant) (string, error) {
	return g.Name, nil
}

// sign returns the parameters with the client's key, the format and the signature.
func (p *Provider) sign(parameters map[string]string) map[string]string {
	signed := maps.Clone(parameters)
	signed["api_key"] = p.s.ClientID
	signed["format"] = "json"
	signed["api_sig"] = signing.LastFM(signed, p.s.ClientSecret)
	return signed
}

// askLastFM makes a signed request of the broker's own.
func (p *Provider) askLastFM(ctx context.Context, parameters map[string]string) (strictjson.Object, error) {
	signed := p.sign(parameters)
	r, err := newRequest(http.MethodPost, p.s.TokenEndpoint, formOf(signed).Encode())
	if err != nil {
		return nil, err
	}
	a, err := p.do(ctx, r, []string{parameters["token"], signed["api_sig"]})
	if err != nil {
		return nil, err
	}
	if a.members.Has("error") {
		return nil, a.lastFMError(parameters["method"])
	}
	if a.members == nil || a.status != http.StatusOK {
		return nil, a.failure(parameters["method"])
	}
	return a.members, nil
}

func formOf(parameters map[string]string) url.Values {
	form := url.Values{}
	for name, value := range parameters {
		form.Set(name, value)
	}
	return form
}
