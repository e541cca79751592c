package client

import (
	"context"
	"errors"

	"gatehouse/core/secret"
)

// Person is how [Client.Login] speaks to whoever logs in.
type Person struct {
	// Show brings the person to AuthURL, or for Poll and Desktop to VerificationURI
	// with UserCode.
	// It is called once and must not wait for the person; its error ends the login.
	Show func(ctx context.Context, t *Transaction) error
	// Ask returns the code that the person was shown. Of Paste only.
	Ask func(ctx context.Context) (secret.Text, error)
}

var errBrowserFlow = errors.New("client: the browser flow is completed by Collect, where the browser comes back")

// Login goes through a whole login by Loopback, Poll, Desktop or Paste: it begins it, shows it to
// the person, waits until the transaction expires at the latest, and collects. Errors
// are [*Error], ctx's own, the person's, or that of the listener.
func (c *Client) Login(ctx context.Context, r Request, person Person) (*Session, error) {
	var l *Listener
	switch r.Flow {
	case Browser:
		return nil, errBrowserFlow
	case Loopback:
		var err error
		if l, err = Listen(); err != nil {
			return nil, err
		}
		defer l.Close()
		r.RedirectURI = l.RedirectURI()
	}
	t, err := c.Start(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := person.Show(ctx, t); err != nil {
		return nil, err
	}
	var code secret.Text
	switch r.Flow {
	case Poll, Desktop:
		return c.Wait(ctx, t)
	case Loopback:
		code, err = l.Code(ctx, c, t)
	default:
		code, err = person.Ask(ctx)
	}
	if err != nil {
		return nil, err
	}
	return c.Collect(ctx, t, code)
}
