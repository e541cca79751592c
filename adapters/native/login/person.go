package login

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cli/browser"

	"gatehouse/client"
	"gatehouse/core/secret"
)

// person is whoever sits before the terminal.
type person struct {
	command *Command
	open    bool // the browser, too
	spinner *spinner
}

// authorize is what a program is told to show a person.
type authorize struct {
	Flow            client.Flow `json:"flow"`
	AuthURL         string      `json:"auth_url"`
	UserCode        string      `json:"user_code,omitempty"`
	VerificationURI string      `json:"verification_uri,omitempty"`
}

// show is [client.Person.Show].
func (p *person) show(_ context.Context, t *client.Transaction) error {
	c := p.command
	target := t.AuthURL
	if t.UserCode != "" {
		target = t.VerificationURIComplete
	}
	if c.JSON {
		if err := line(c.Stderr, map[string]any{"authorize": authorize{t.Flow, t.AuthURL, t.UserCode, t.VerificationURI}}); err != nil {
			return err
		}
	} else {
		p.tell(t, target)
	}
	if p.open {
		open := c.Open
		if open == nil {
			open = openBrowser
		}
		go func() { _ = open(target) }() // the address is on the screen as well
	}
	if t.Flow != client.Paste && !c.JSON {
		p.spinner = startSpinner(c.Stderr, c.Getenv("TERM"), "Waiting for the login in the browser (Ctrl-C stops)")
	}
	return nil
}

func (p *person) tell(t *client.Transaction, target string) {
	var text strings.Builder
	switch {
	case t.UserCode != "":
		fmt.Fprintf(&text, "Visit this URL to authorize:\n\n    %s\n\nand check that it shows this code, or type it there:\n\n    %s\n\n", t.VerificationURI, t.UserCode)
		if terminal, width := width(p.command.Stderr); terminal {
			text.WriteString(qrCode(target, width))
		}
	case p.open:
		fmt.Fprintf(&text, "The browser opens to log in at %s. If it does not,\nvisit this URL to authorize:\n\n    %s\n\n", t.Provider, target)
	default:
		fmt.Fprintf(&text, "Visit this URL to authorize:\n\n    %s\n\n", target)
	}
	_, _ = io.WriteString(p.command.Stderr, text.String())
}

// stop ends what moves on the screen.
func (p *person) stop() { p.spinner.stop() }

var errNoCode = errors.New("no code was entered")

// maxLine bounds what is read from a person in bytes.
const maxLine = 4 << 10

// ask is [client.Person.Ask]. A read that does not end goes on in the background until
// the process ends.
func (p *person) ask(ctx context.Context) (secret.Text, error) {
	if !p.command.JSON {
		_, _ = io.WriteString(p.command.Stderr, "Enter the code that it shows: ")
	}
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := bufio.NewReader(io.LimitReader(p.command.Stdin, maxLine)).ReadString('\n')
		done <- answer{text, err}
	}()
	select {
	case got := <-done:
		text := strings.TrimSpace(got.text)
		if text == "" {
			return secret.Text{}, &Failure{errNoCode, "the page in the browser shows it at the end of the login", exitFailure}
		}
		return secret.New(text), nil
	case <-ctx.Done():
		return secret.Text{}, ctx.Err()
	}
}

// openBrowser opens the person's browser without letting it speak in between.
func openBrowser(url string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return browser.OpenURL(url)
}
