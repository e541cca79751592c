// Package login is the command's side of a broker: logging in from a terminal, calling
// the provider, asking who is logged in, and logging out. What goes over the wire is
// package client, where sessions are kept is package keyring; this package is what
// happens between the two and a person.
//
// It guarantees that results go to standard output and everything else to standard
// error, that nothing is written to standard output on failure, that no handle and no
// key is printed, and that foreign text cannot drive a terminal. With JSON, what is
// written to either is one JSON object a line.
package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"gatehouse/adapters/native/keyring"
	"gatehouse/client"
	"gatehouse/core/secret"
)

// Command is one invocation; every field but Transport and Open is required.
type Command struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv reads the environment.
	Getenv func(name string) string
	Store  *keyring.Store
	// JSON: output is for programs.
	JSON bool
	// Open brings a URL to the person's browser; nil means the platform's opener.
	Open func(url string) error
	// Transport of the client; nil means http.DefaultTransport.
	Transport http.RoundTripper
}

// Folder is where sessions are kept: "gatehouse" in the person's configuration.
func Folder() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", &Failure{err, "set HOME, or XDG_CONFIG_HOME to the folder of your configuration", exitFailure}
	}
	return filepath.Join(dir, "gatehouse"), nil
}

func (c *Command) client(broker string, appKey secret.Text) (*client.Client, error) {
	return client.New(broker, &client.Options{AppKey: appKey, Transport: c.Transport, UserAgent: "gatehouse-command"})
}

// Which names the session that a command is about; see [keyring.Store.Find].
type Which struct{ Broker, Provider string }

// find returns the session and a client for its broker.
func (c *Command) find(which Which) (*keyring.Session, *client.Client, error) {
	broker := which.Broker
	if broker != "" {
		u, err := client.ParseBroker(broker)
		if err != nil {
			return nil, nil, failed(err)
		}
		broker = u.String()
	}
	s, err := c.Store.Find(broker, which.Provider)
	var several *keyring.SeveralError
	switch {
	case errors.Is(err, keyring.ErrNone):
		return nil, nil, &Failure{errors.New("not logged in"), loginHint(broker, which.Provider), exitNeedsLogin}
	case errors.As(err, &several):
		var names []string
		for _, s := range several.Sessions {
			names = append(names, fmt.Sprintf("--broker %s --provider %s", s.Broker, s.Provider))
		}
		return nil, nil, &Failure{errors.New("several sessions are kept"), "name one: " + strings.Join(names, ", or "), exitFailure}
	case err != nil:
		return nil, nil, failed(err)
	}
	cl, err := c.client(s.Broker, s.AppKey)
	return s, cl, failed(err)
}

func loginHint(broker, provider string) string {
	if broker == "" {
		broker = "URL"
	}
	if provider == "" {
		provider = "NAME"
	}
	return "gatehouse login --broker " + broker + " --provider " + provider
}

// result writes text, or v with JSON, to standard output.
func (c *Command) result(v any, text string) error {
	if !c.JSON {
		_, err := io.WriteString(c.Stdout, text)
		return err
	}
	return line(c.Stdout, v)
}

// line writes v as one line of JSON.
func line(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// interrupted reports whether err is the end of ctx, which is the person's doing.
func interrupted(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) && ctx.Err() != nil
}
