package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"gatehouse/core/pkce"
	"gatehouse/core/secret"
)

// Flow is how a login comes back to the program that began it.
type Flow string

// The flows.
const (
	// Loopback: the browser brings the code to a [Listener] of the program.
	Loopback Flow = "loopback"
	// Poll: the person compares a code in a browser anywhere; the program asks.
	Poll Flow = "poll"
	// Paste: the person copies a code from the browser into the program.
	Paste Flow = "paste"
	// Desktop: as Poll, where the provider (Last.fm) has a flow of its own without a
	// callback.
	Desktop Flow = "desktop"
	// Browser: the browser brings the code to a page that the broker lists.
	Browser Flow = "browser"
)

// polls reports whether the program asks for the result.
func (f Flow) polls() bool { return f == Poll || f == Desktop }

// Request says what a login is to be.
type Request struct {
	Provider string // required
	Flow     Flow   // required
	// Scopes are what the program wants to do at the provider; empty: what the
	// broker's operator chose.
	Scopes []string
	// RedirectURI is where the browser brings the code, of Loopback and Browser.
	RedirectURI string
}

// Transaction is a login that was begun and not completed. It holds the verifier, which
// never leaves this package except to the broker, and prints without it. It belongs to
// the client that made it and is read-only.
type Transaction struct {
	Provider string
	Flow     Flow
	// AuthURL is what the person opens.
	AuthURL string
	// Expires is when the login has to be complete.
	Expires time.Time
	// UserCode, VerificationURI and VerificationURIComplete are those of RFC 8628,
	// section 3.2: what to compare or type, where, and the address with the code in
	// it. Of Poll and Desktop only.
	UserCode, VerificationURI, VerificationURIComplete string
	// Interval is the least time between two polls. Of Poll and Desktop only.
	Interval time.Duration

	state     secret.Text
	verifier  pkce.Verifier
	pollToken secret.Text
}

const (
	defaultInterval = 5 * time.Second
	maxInterval     = time.Minute
	// maxLife bounds what a broker says about how long a login may take.
	maxLife = time.Hour
)

type started struct {
	AuthURL                 string  `json:"auth_url"`
	ExpiresIn               float64 `json:"expires_in"`
	Interval                float64 `json:"interval"`
	PollToken               string  `json:"poll_token"`
	UserCode                string  `json:"user_code"`
	VerificationURI         string  `json:"verification_uri"`
	VerificationURIComplete string  `json:"verification_uri_complete"`
}

// Start begins a login: it draws a verifier and, where the browser comes back, a state,
// and asks the broker for the address to open.
func (c *Client) Start(ctx context.Context, r Request) (*Transaction, error) {
	t := &Transaction{Provider: r.Provider, Flow: r.Flow, verifier: pkce.NewVerifier()}
	parameters := map[string]string{
		"provider": r.Provider, "flow": string(r.Flow),
		"code_challenge": t.verifier.Challenge(), "code_challenge_method": pkce.Method,
	}
	if r.RedirectURI != "" {
		t.state = newState()
		parameters["redirect_uri"], parameters["state"] = r.RedirectURI, t.state.Reveal()
	}
	if len(r.Scopes) > 0 {
		parameters["scope"] = strings.Join(r.Scopes, " ")
	}
	q := post("start", "/auth/start", parameters)
	q.repeatable = true
	var said started
	asked := c.now()
	if err := c.ask(ctx, q, &said); err != nil {
		return nil, err
	}
	garbage := func(message string) error {
		return &Error{Op: "start", Code: CodeInvalidAnswer, Status: 200, Message: message}
	}
	switch {
	case said.AuthURL == "":
		return nil, garbage("Missing auth_url in response")
	case !openable(said.AuthURL):
		return nil, garbage("auth_url in response is not an address that can be opened")
	case said.ExpiresIn <= 0:
		return nil, garbage("Missing expires_in in response")
	}
	t.AuthURL, t.Expires = said.AuthURL, asked.Add(seconds(said.ExpiresIn, maxLife))
	if !r.Flow.polls() {
		return t, nil
	}
	switch {
	case said.PollToken == "":
		return nil, garbage("Missing poll_token in response")
	case said.UserCode == "" || readable(said.UserCode) != said.UserCode:
		return nil, garbage("Missing user_code in response")
	case said.VerificationURI == "":
		said.VerificationURI = said.AuthURL
	}
	if said.VerificationURIComplete == "" {
		said.VerificationURIComplete = said.VerificationURI
	}
	if !openable(said.VerificationURI) || !openable(said.VerificationURIComplete) {
		return nil, garbage("verification_uri in response is not an address that can be opened")
	}
	t.UserCode, t.VerificationURI, t.VerificationURIComplete = said.UserCode, said.VerificationURI, said.VerificationURIComplete
	t.pollToken, t.Interval = secret.New(said.PollToken), defaultInterval
	if said.Interval > 0 {
		t.Interval = seconds(said.Interval, maxInterval)
	}
	return t, nil
}

// newState returns 32 random bytes in base64url.
func newState() secret.Text {
	var b [32]byte
	rand.Read(b[:])
	return secret.New(base64.RawURLEncoding.EncodeToString(b[:]))
}

// openable reports whether an address may be given to a browser: https, or http on this
// machine, and nothing that a shell or a terminal would read in another way.
func openable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || len(address) > 8<<10 {
		return false
	}
	if strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'`<>\\^{|}", r) }) {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func seconds(n float64, most time.Duration) time.Duration {
	if n > most.Seconds() {
		return most
	}
	return time.Duration(n * float64(time.Second))
}
