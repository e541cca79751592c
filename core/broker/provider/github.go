package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

var gitHub = Definition{
	Name: "github", Title: "GitHub",
	AuthorizationEndpoint: "https://github.com/login/oauth/authorize",
	TokenEndpoint:         "https://github.com/login/oauth/access_token",
	UserinfoEndpoint:      "https://api.github.com/user",
	API:                   "https://api.github.com",
	ClientAuth:            "client_secret_post",
	Scopes:                []string{"read:user"},
	Calls:                 []string{"GET /*"},
	NameMembers:           []string{"login"},
	Headers:               []string{"X-Github-Api-Version"},
	NeedsSecret:           true,
	Protocol:              gitHubProtocol{},
}

// gitHubProtocol is OAuth 2 with a revocation and a rate limit of GitHub's own.
type gitHubProtocol struct{ OAuth }

// Revokes reports that there is no endpoint to configure.
func (gitHubProtocol) Revokes() bool { return true }

// Revoke deletes the token of the application, which GitHub does as a call to its API.
func (gitHubProtocol) Revoke(ctx context.Context, p *Provider, g *Grant) error {
	body, err := json.Marshal(map[string]string{"access_token": g.Access.Reveal()})
	if err != nil {
		return wrap(Configuration, err)
	}
	r, err := newRequest(http.MethodDelete, p.s.API+"/applications/"+url.PathEscape(p.s.ClientID)+"/token", string(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(p.s.ClientID, p.s.ClientSecret.Reveal())
	a, err := p.do(ctx, r, []string{g.Access.Reveal()})
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusNoContent, http.StatusNotFound, http.StatusUnprocessableEntity:
		return nil // it is gone, or was
	}
	return a.failure("revocation")
}

// Judge also takes GitHub's 403 of an exhausted limit for what it is.
func (gitHubProtocol) Judge(p *Provider, res *http.Response) error {
	if res.StatusCode == http.StatusForbidden {
		after := retryAfter(res.Header, 0)
		if after == 0 && res.Header.Get("X-Ratelimit-Remaining") == "0" {
			after = busyFor
			if reset, err := strconv.ParseInt(res.Header.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
				after = min(max(time.Unix(reset, 0).Sub(p.now()), time.Second), maxBusyFor)
			}
		}
		if after > 0 {
			return &Error{Kind: Busy, RetryAfter: after, Reason: "call: rate limit"}
		}
	}
	return OAuth{}.Judge(p, res)
}
