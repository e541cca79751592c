package login

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gatehouse/adapters/native/keyring"
)

// WhoAmI prints whose session it is, as the broker says. Errors are [*Failure].
func (c *Command) WhoAmI(ctx context.Context, which Which) error {
	s, cl, err := c.find(which)
	if err != nil {
		return err
	}
	who, err := cl.WhoAmI(ctx, s.Handle)
	if err != nil {
		return failedWith(ctx, err, s.Broker, s.Provider)
	}
	out := struct {
		loggedIn
		Created *time.Time `json:"created,omitempty"`
	}{loggedIn: loggedIn{Broker: s.Broker, Provider: who.Provider, Username: who.Username, Name: who.Name, Scopes: append([]string{}, who.Scopes...), Kept: s.Place}}
	var text strings.Builder
	fmt.Fprintf(&text, "Logged in as: %s\n", who.Username)
	if who.Name != "" && who.Name != who.Username {
		fmt.Fprintf(&text, "Name:         %s\n", who.Name)
	}
	fmt.Fprintf(&text, "Provider:     %s at %s\n", who.Provider, s.Broker)
	if len(who.Scopes) > 0 {
		fmt.Fprintf(&text, "Scopes:       %s\n", strings.Join(who.Scopes, " "))
	}
	if !who.Created.IsZero() {
		at := who.Created.UTC().Truncate(time.Second)
		out.Created = &at
		fmt.Fprintf(&text, "Since:        %s\n", at.Format(time.RFC3339))
	}
	if !who.Expires.IsZero() {
		at := who.Expires.UTC().Truncate(time.Second)
		out.Expires = &at
	}
	fmt.Fprintf(&text, "Kept in:      %s\n", map[keyring.Place]string{keyring.System: "the keyring", keyring.File: "a file"}[s.Place])
	return c.result(out, text.String())
}

// Logout ends a session at the broker and forgets it here; with local it only forgets
// it. While the broker cannot be reached the session is kept, so that it can still be
// ended. Errors are [*Failure].
func (c *Command) Logout(ctx context.Context, which Which, local bool) error {
	s, cl, err := c.find(which)
	if err != nil {
		return err
	}
	if !local {
		if err := cl.Logout(ctx, s.Handle); err != nil {
			f := failedWith(ctx, err, s.Broker, s.Provider).(*Failure)
			if f.code == exitFailure {
				f.hint = "the session is kept; to forget it here although it goes on at the broker: gatehouse logout --local"
			}
			return f
		}
	}
	if err := c.Store.Delete(s); err != nil {
		return failed(err)
	}
	return c.result(map[string]any{"broker": s.Broker, "provider": s.Provider, "username": s.Username, "ended": !local},
		fmt.Sprintf("Logged out: %s (%s at %s)\n", s.Username, s.Provider, s.Broker))
}
