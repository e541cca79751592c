// Package client logs programs in through a Gatehouse broker, and calls providers
// through it. A program that uses it ships no credential: the broker holds those, and
// the program gets a handle that names its session there.
//
// It implements the client's side of the broker's five flows: loopback (RFC 8252,
// section 7.3), poll and desktop (after RFC 8628), paste and browser, each with a code verifier
// (RFC 7636, S256) that is drawn here and that no flow completes without.
//
// It guarantees that only the broker is asked, over https unless it is on a loopback
// address, and that no redirect is followed; that answers are bounded; that every
// method returns soon after its context ends; and that no error, log or other printing
// shows a handle, a code, a verifier or a key of the app. Errors of the broker are of
// type [*Error].
//
// Callers keep handles like passwords: whoever has one can make the calls that the
// broker allows, until logout.
package client

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"gatehouse/core/secret"
)

const (
	// DefaultTimeout bounds one exchange with the broker.
	DefaultTimeout = 30 * time.Second
	// DefaultAttempts is how often a request is sent at most, see [Options].
	DefaultAttempts = 4
	// maxAnswer bounds an answer of the broker's own in bytes.
	maxAnswer = 1 << 20
)

// ErrBroker: the broker's address is not an https URL, or http with a loopback address.
var ErrBroker = errors.New("client: the broker must be an https URL, or http on this machine")

// Options are what may be set besides the broker's address; the zero value works.
type Options struct {
	// AppKey is sent with every request where the broker asks for one. It is no
	// secret in a program that others have: it only names the app.
	AppKey secret.Text
	// Transport sends requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Timeout of one exchange, except for the body that [Client.Call] returns; 0
	// means DefaultTimeout.
	Timeout time.Duration
	// Attempts is how often a request that the broker put off (429 or 503) is sent
	// in all; 0 means DefaultAttempts, 1 that nothing is repeated.
	Attempts int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Sleep waits, or returns ctx's error when that ends first; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// UserAgent is sent with every request; empty means "gatehouse-client".
	UserAgent string
}

// Client speaks to one broker. It keeps no session and is safe for concurrent use.
type Client struct {
	broker    *url.URL // without a slash at its end
	appKey    secret.Text
	transport http.RoundTripper
	timeout   time.Duration
	attempts  int
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	userAgent string
}

// New makes a client for the broker at an address such as "https://broker.example.com",
// with the broker's base path if it has one. It asks nothing. The error is ErrBroker.
func New(broker string, o *Options) (*Client, error) {
	if o == nil {
		o = &Options{}
	}
	u, err := ParseBroker(broker)
	if err != nil {
		return nil, err
	}
	c := &Client{broker: u, appKey: o.AppKey, transport: o.Transport, timeout: o.Timeout, attempts: o.Attempts, now: o.Now, sleep: o.Sleep, userAgent: o.UserAgent}
	if c.transport == nil {
		c.transport = http.DefaultTransport
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.attempts == 0 {
		c.attempts = DefaultAttempts
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	if c.userAgent == "" {
		c.userAgent = "gatehouse-client"
	}
	return c, nil
}

// ParseBroker returns a broker's address in the one form that [Client.Broker] has, so
// that addresses which mean the same broker compare equal. The error is ErrBroker.
func ParseBroker(broker string) (*url.URL, error) {
	u, err := url.Parse(broker)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" {
		return nil, ErrBroker
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, ErrBroker
	}
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// Broker returns the broker's address, without a slash at its end.
func (c *Client) Broker() string { return c.broker.String() }

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
