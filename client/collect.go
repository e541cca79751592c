package client

import (
	"context"
	"strings"
	"time"

	"gatehouse/core/secret"
)

// Session is what a completed login is. Handle and Key print as "[redacted]".
type Session struct {
	Provider string
	// Username is the provider's name for the person, Name what it calls them.
	Username, Name string
	Scopes         []string
	// Handle names the session at the broker; [Client.Call] and the others take it.
	Handle secret.Text
	// Key is what the provider's own interface wants, where the broker's operator
	// hands that over, and otherwise the handle.
	Key secret.Text
	// Expires is when the provider's access ends; zero: not known, or never. The
	// broker renews it where it can.
	Expires time.Time
}

type collected struct {
	Provider  string  `json:"provider"`
	Username  string  `json:"username"`
	Name      any     `json:"name"` // the provider's own member
	Scope     string  `json:"scope"`
	Handle    string  `json:"handle"`
	Key       string  `json:"key"`
	ExpiresIn float64 `json:"expires_in"`
}

// maxCode bounds a code that a person or a browser brought.
const maxCode = 512

// Collect completes a login with the code that the browser or the person brought. A
// code is good for one attempt, whatever comes of it.
func (c *Client) Collect(ctx context.Context, t *Transaction, code secret.Text) (*Session, error) {
	text := strings.TrimSpace(code.Reveal())
	if text == "" || len(text) > maxCode || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, &Error{Op: "collect", Code: CodeInvalidGrant, Message: "this is not a code of the broker"}
	}
	return c.collect(ctx, t, "code", text)
}

func (c *Client) collect(ctx context.Context, t *Transaction, parameter, value string) (*Session, error) {
	q := post("collect", "/auth/getSession", map[string]string{parameter: value, "code_verifier": t.verifier.Reveal()})
	q.repeatable = true
	var said collected
	asked := c.now()
	if err := c.ask(ctx, q, &said); err != nil {
		return nil, err
	}
	if said.Handle == "" {
		said.Handle = said.Key
	}
	if !token(said.Handle) {
		return nil, &Error{Op: "collect", Code: CodeInvalidAnswer, Status: 200, Message: "Missing session key in response"}
	}
	name, _ := said.Name.(string)
	s := &Session{
		Provider: t.Provider, Username: readable(said.Username), Name: readable(name), Scopes: strings.Fields(said.Scope),
		Handle: secret.New(said.Handle), Key: secret.New(said.Key),
	}
	if s.Username == "" {
		s.Username = s.Name
	}
	if said.ExpiresIn > 0 {
		s.Expires = asked.Add(seconds(said.ExpiresIn, 10*365*24*time.Hour))
	}
	return s, nil
}

// token reports whether text can stand in an Authorization header (RFC 6750, section
// 2.1).
func token(text string) bool {
	return text != "" && len(text) <= 8<<10 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
