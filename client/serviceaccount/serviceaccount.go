// Package serviceaccount gets access tokens for machines from a ZITADEL key file, with
// the JWT-bearer grant (RFC 7523, section 2.1). It is for programs that call an API
// behind Gatehouse, not for the gateway itself.
//
// It guarantees that only the issuer's host, and hosts that are named, are asked, over
// https unless the issuer is a loopback address, and that no error contains a token, an
// assertion or a part of the key.
package serviceaccount

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"gatehouse/core/egress"
	"gatehouse/core/flight"
	"gatehouse/core/oidc"
	"gatehouse/core/secret"
	"gatehouse/core/signing"
)

const (
	// DefaultTimeout bounds one exchange with the issuer.
	DefaultTimeout = 10 * time.Second
	// maxAnswer bounds an answer in bytes.
	maxAnswer = 1 << 20
	// renewBefore is how long before its end a token is replaced, at most a tenth of its
	// life.
	renewBefore = time.Minute
)

// ErrIssuer: the issuer is not an https URL, or http with a loopback address.
var ErrIssuer = errors.New("serviceaccount: issuer must be an https URL")

// Options are what may be set besides the requirements; the zero value works.
type Options struct {
	Scopes Scopes
	// Hosts lists further "host" or "host:port" where the issuer has its endpoints.
	Hosts []string
	// Transport sends requests; nil means http.DefaultTransport. Redirects are not
	// followed.
	Transport http.RoundTripper
	// Timeout of an exchange; 0 means DefaultTimeout.
	Timeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Source gives access tokens of one service account. It is safe for concurrent use.
type Source struct {
	provider *oidc.Provider
	scopes   []string
	now      func() time.Time
	flights  flight.Group[*Token]

	mu   sync.Mutex
	kept *Token
	// renew is when kept is replaced.
	renew time.Time
}

// Token is an access token. It is read-only.
type Token struct {
	AccessToken secret.Text
	// Expiry is zero when the issuer did not say.
	Expiry time.Time
}

// New makes a source from the JSON of a key file; it asks nothing. The error is
// signing.ErrKeyFile, ErrIssuer or ErrScope.
func New(issuer string, keyFile []byte, o *Options) (*Source, error) {
	if o == nil {
		o = &Options{}
	}
	key, err := signing.ParseKeyFile(keyFile, signing.ServiceAccount)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, ErrIssuer
	}
	scopes, err := o.Scopes.list()
	if err != nil {
		return nil, err
	}
	s := &Source{scopes: scopes, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	signer, err := signing.New(signing.Options{Key: key, Now: s.now})
	if err != nil {
		return nil, err
	}
	client := &egress.Client{
		Transport: o.Transport, Hosts: append([]string{egress.Host(u)}, o.Hosts...),
		Timeout: o.Timeout, MaxBody: maxAnswer, Now: s.now,
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	if client.Timeout == 0 {
		client.Timeout = DefaultTimeout
	}
	if u.Scheme == "http" {
		client.PlainHosts = []string{egress.Host(u)}
	}
	s.provider = oidc.New(oidc.Options{Issuer: issuer, ClientID: key.Subject, Assertion: signer.Assertion, PAR: oidc.PushNever, Egress: client, Now: s.now})
	return s, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Token returns a token that is good for a while yet, getting one if need be; callers at
// the same time share it. A token without an expiry is not kept. The error is
// oidc.ErrTokenRefused, oidc.ErrUnavailable, oidc.ErrMetadata or ctx's own; failures are
// not remembered.
func (s *Source) Token(ctx context.Context) (*Token, error) {
	if t := s.current(); t != nil {
		return t, nil
	}
	return s.flights.Do(ctx, "token", func(ctx context.Context) (*Token, error) {
		if t := s.current(); t != nil {
			return t, nil
		}
		asked := s.now()
		got, err := s.provider.Exchange(ctx, s.scopes)
		if err != nil {
			return nil, fmt.Errorf("serviceaccount: %w", err)
		}
		t := &Token{AccessToken: got.Token, Expiry: got.Expiry}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.kept, s.renew = t, t.Expiry.Add(-min(renewBefore, t.Expiry.Sub(asked)/10))
		return t, nil
	})
}

// current returns the token that is kept, or nil when it is time for another.
func (s *Source) current() *Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || !s.now().Before(s.renew) {
		return nil
	}
	return s.kept
}

// Forget drops the token that is kept, as after the API refused it.
func (s *Source) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = nil
}
