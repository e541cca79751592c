package client

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"gatehouse/core/secret"
)

// Identity is what the broker knows about a session.
type Identity struct {
	Provider string
	Username string
	Name     string
	Scopes   []string
	Created  time.Time
	// Expires is when the session ends at the latest; zero: not known, or never.
	Expires time.Time
}

// instant is a time in RFC 3339 or in seconds since 1970.
type instant struct{ time.Time }

func (i *instant) UnmarshalJSON(data []byte) error {
	var n float64
	if json.Unmarshal(data, &n) == nil {
		if n > 0 && n < 1<<40 {
			i.Time = time.Unix(int64(n), 0)
		}
		return nil
	}
	return json.Unmarshal(data, &i.Time)
}

// WhoAmI asks the broker whose session the handle names. [NeedsLogin] tells a handle
// that is good for nothing any more.
func (c *Client) WhoAmI(ctx context.Context, handle secret.Text) (*Identity, error) {
	var said struct {
		Provider string  `json:"provider"`
		Username string  `json:"username"`
		Name     string  `json:"name"`
		Scope    string  `json:"scope"`
		Created  instant `json:"created"`
		Expires  instant `json:"expires"`
	}
	if err := c.ask(ctx, &question{op: "session", method: http.MethodGet, path: "/auth/session", handle: handle, repeatable: true}, &said); err != nil {
		return nil, err
	}
	if said.Provider == "" {
		return nil, &Error{Op: "session", Code: CodeInvalidAnswer, Status: http.StatusOK, Message: "Missing provider in response"}
	}
	who := &Identity{
		Provider: readable(said.Provider), Username: readable(said.Username), Name: readable(said.Name),
		Scopes: strings.Fields(readable(said.Scope)), Created: said.Created.Time, Expires: said.Expires.Time,
	}
	if who.Username == "" {
		who.Username = who.Name
	}
	return who, nil
}

// Logout ends the session at the broker and, where the provider offers that, there. A
// session that has ended already is no error.
func (c *Client) Logout(ctx context.Context, handle secret.Text) error {
	return c.ask(ctx, &question{op: "logout", method: http.MethodPost, path: "/auth/logout", handle: handle, repeatable: true}, nil)
}

// Provider is one that the broker knows.
type Provider struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Flows  []Flow   `json:"flows"`
	Scopes []string `json:"scopes"`
}

// Providers lists those that the broker knows.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	var said struct {
		Providers []Provider `json:"providers"`
	}
	err := c.ask(ctx, &question{op: "providers", method: http.MethodGet, path: "/auth/providers", repeatable: true}, &said)
	return said.Providers, err
}
