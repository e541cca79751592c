package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/adapters/native/keyring"
	"gatehouse/client"
	"gatehouse/core/secret"
)

// Options of [Command.Login].
type Options struct {
	Broker string // required
	// Provider may be empty where the broker has only one.
	Provider string
	// Flow may be empty: then it is Loopback where a browser can be opened, and Poll
	// elsewhere.
	Flow   client.Flow
	Scopes []string
	// NoBrowser: the URL is shown, and not opened.
	NoBrowser bool
	AppKey    secret.Text
	// Keep is where the session is kept; empty: in the keyring, or where there is none
	// in a file, which is said.
	Keep keyring.Place
}

// loggedIn is the result of a login.
type loggedIn struct {
	Broker   string        `json:"broker"`
	Provider string        `json:"provider"`
	Username string        `json:"username"`
	Name     string        `json:"name,omitempty"`
	Scopes   []string      `json:"scopes"`
	Expires  *time.Time    `json:"expires,omitempty"`
	Kept     keyring.Place `json:"kept"`
}

// Login logs in and keeps the session, which replaces the one at the same broker and
// provider. Errors are [*Failure].
func (c *Command) Login(ctx context.Context, o Options) error {
	cl, err := c.client(o.Broker, o.AppKey)
	if err != nil {
		return failed(err)
	}
	place, err := c.place(o.Keep)
	if err != nil {
		return failed(err)
	}
	if o.Provider == "" {
		if o.Provider, err = only(ctx, cl); err != nil {
			return failedWith(ctx, err, cl.Broker(), "")
		}
	}
	if o.Flow == "" {
		o.Flow = c.flow(o.NoBrowser)
	}
	p := &person{command: c, open: !o.NoBrowser && c.display()}
	s, err := cl.Login(ctx, client.Request{Provider: o.Provider, Flow: o.Flow, Scopes: o.Scopes}, client.Person{Show: p.show, Ask: p.ask})
	p.stop()
	if client.HasCode(err, client.CodeUnknownProvider) {
		return &Failure{err, c.known(ctx, cl), exitFailure}
	}
	if err != nil {
		return failedWith(ctx, err, cl.Broker(), o.Provider)
	}
	kept := &keyring.Session{
		Broker: cl.Broker(), Provider: o.Provider, Username: s.Username, Scopes: s.Scopes,
		Created: time.Now(), Place: place, Handle: s.Handle, AppKey: o.AppKey,
	}
	if err := c.Store.Put(kept); err != nil {
		// What cannot be kept must not go on at the broker either.
		_ = cl.Logout(ctx, s.Handle)
		return failed(err)
	}
	done := loggedIn{Broker: kept.Broker, Provider: kept.Provider, Username: s.Username, Name: s.Name, Scopes: append([]string{}, s.Scopes...), Kept: place}
	if !s.Expires.IsZero() {
		expires := s.Expires.UTC().Truncate(time.Second)
		done.Expires = &expires
	}
	return c.result(done, "Logged in as: "+s.Username+"\n")
}

// place finds out where the session can be kept before anybody logs in.
func (c *Command) place(wanted keyring.Place) (keyring.Place, error) {
	switch wanted {
	case "":
		err := c.Store.Check(keyring.System)
		if !errors.Is(err, keyring.ErrNoSystem) {
			return keyring.System, err
		}
		c.note("there is no keyring: the session will be kept in a file that only you can read")
		return keyring.File, c.Store.Check(keyring.File)
	case keyring.System:
		err := c.Store.Check(keyring.System)
		if errors.Is(err, keyring.ErrNoSystem) {
			err = &Failure{err, "unlock it, or keep the session in a file that only you can read: --keep file", exitFailure}
		}
		return wanted, err
	}
	return wanted, c.Store.Check(wanted)
}

// note tells a person what is worth knowing.
func (c *Command) note(text string) {
	if c.JSON {
		_ = line(c.Stderr, map[string]string{"warning": text})
		return
	}
	fmt.Fprintln(c.Stderr, "gatehouse: warning: "+text)
}

// only returns the provider of a broker that has one.
func only(ctx context.Context, cl *client.Client) (string, error) {
	providers, err := cl.Providers(ctx)
	if err != nil {
		return "", err
	}
	if len(providers) != 1 {
		return "", &Failure{errors.New("which provider?"), "--provider " + strings.Join(names(providers), ", "), exitFailure}
	}
	name := providers[0].Name
	if name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		// It would be shown, kept and part of a command that is recommended.
		return "", &Failure{errors.New("the broker's provider has a name that is none"), "is the broker's address right?", exitFailure}
	}
	return name, nil
}

// known is the advice after an unknown provider.
func (c *Command) known(ctx context.Context, cl *client.Client) string {
	providers, err := cl.Providers(ctx)
	if err != nil || len(providers) == 0 {
		return ""
	}
	return "the broker knows " + strings.Join(names(providers), ", ")
}

func names(providers []client.Provider) (names []string) {
	for _, p := range providers {
		names = append(names, clean(p.Name))
	}
	slices.Sort(names)
	return names
}
